import type { Part, PartOf, ReasoningPart } from "@holdfast/protocol";
import { Chip, classes, Fold, FoldMark, Notice, span } from "../design/index.ts";
import { Attachment } from "./attachment.tsx";
import { Markdown } from "./markdown/index.ts";
import { ToolCard } from "./tool/index.ts";

/** One part of an answer, by its type. A type that is not known here shows its name and nothing else. */
export function PartView(props: { part: Part; isOpen: boolean; isSummary: boolean; sessionId: string }) {
  const { part, isOpen, isSummary, sessionId } = props;
  switch (part.type) {
    case "text":
      if (part.synthetic === true || isSummary) return <Folded title="Summary" text={part.text} />;
      return (
        <div className="py-1">
          <Markdown text={part.text} isOpen={isOpen && part.time?.end === undefined} />
        </div>
      );
    case "reasoning":
      return <Reasoning part={part} isOpen={isOpen && part.time.end === undefined} />;
    case "tool":
      return <ToolCard part={part} />;
    case "file":
      return <Attachment part={part} sessionId={sessionId} />;
    case "patch":
      return (
        <p className="py-1 text-sm text-ink-soft">
          Changed {part.files.length} {part.files.length === 1 ? "file" : "files"}
          {part.recovered === true && " (found after a crash; nobody knows by whom)"}
        </p>
      );
    case "subtask":
      return <SubtaskLine part={part} />;
    case "retry":
      return (
        <div className="py-1">
          <Notice tone="attention">
            Try {part.number} failed: {part.error.data.message}
          </Notice>
        </div>
      );
    case "compaction":
      return (
        <Divider>
          {isOpen
            ? "The context is full: older messages are being summarised"
            : "Older messages were summarised for the agent"}
        </Divider>
      );
    case "snapshot":
      return <Divider>Files of this session were put back here, by a decision about its changes</Divider>;
    default:
      return <p className="py-1 text-xs text-ink-faint">{part.type}</p>;
  }
}

/** What happened between two things that were said. */
const Divider = ({ children }: { children: string }) => (
  <p className="my-3 flex items-center gap-3 text-xs text-ink-faint before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
    {children}
  </p>
);

/** What another session is asked to do. */
export function SubtaskLine({ part }: { part: PartOf<"subtask"> }) {
  return (
    <p className="flex max-w-full items-center gap-2 py-1 text-sm">
      <Chip tone="accent">Subtask</Chip>{" "}
      <bdi dir="auto" className="min-w-0 break-words">
        {part.description}
      </bdi>{" "}
      <span className="text-ink-faint">
        @{part.agent}
        {part.command !== undefined && <bdi> /{part.command}</bdi>}
      </span>
    </p>
  );
}

/** What the agent thought: a line, which opens to all of it. */
function Reasoning({ part, isOpen }: { part: ReasoningPart; isOpen: boolean }) {
  const { start, end } = part.time;
  const lasted = end === undefined ? undefined : `for ${span(end - start)}`;
  return <Folded title={isOpen ? "Thinking" : "Thought"} detail={lasted} text={part.text} />;
}

/** A text that few people read: a line with its newest words, which opens to all of it. */
function Folded(props: { title: string; detail?: string | undefined; text: string }) {
  const { title, detail, text } = props;
  const preview = text.trimEnd().split("\n").at(-1) ?? "";
  return (
    <div className="py-1 text-sm">
      <Fold
        headClassName="flex w-full items-center gap-1.5 rounded-sm text-left text-ink-soft hover:text-ink pointer-coarse:min-h-11"
        head={(isOpen) => (
          <>
            <FoldMark isOpen={isOpen} />
            <span className="shrink-0">{title}</span>
            {detail !== undefined && <span className="shrink-0 text-ink-faint">{detail}</span>}
            <span
              dir="auto"
              className={classes(
                "min-w-0 flex-1 truncate text-ink-faint italic group-open/fold:hidden",
                isOpen && "hidden",
              )}
            >
              {preview}
            </span>
          </>
        )}
        content={() => (
          <div
            dir="auto"
            className="ms-1.5 mt-1 border-s-2 border-line ps-3 break-words whitespace-pre-wrap text-ink-soft"
          >
            {text}
          </div>
        )}
      />
    </div>
  );
}
