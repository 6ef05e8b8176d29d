import { subtaskOf, type ToolPart, visibleText } from "@holdfast/protocol";
import {
  CornerDownRight,
  FilePen,
  FileSearch,
  Globe,
  ListChecks,
  type LucideIcon,
  SquareTerminal,
  Wrench,
} from "lucide-react";
import { memo, useMemo } from "react";
import { Arguments, Chip, classes, Exact, Fold, FoldMark, span } from "../../design/index.ts";
import { Link } from "../../route/index.ts";
import { Attachment } from "../attachment.tsx";
import { useMoment } from "../past.tsx";
import { DiffView } from "./diff-view.tsx";
import { Output } from "./output.tsx";
import { screenOf, SHOWN_LINES } from "./terminal.ts";

/** ACP's kinds of calls, and how each looks. */
const ICONS: Record<string, LucideIcon> = {
  execute: SquareTerminal,
  edit: FilePen,
  delete: FilePen,
  move: FilePen,
  read: FileSearch,
  search: FileSearch,
  fetch: Globe,
  think: ListChecks,
};

/** Kinds whose content is worth seeing at once. */
const OPEN_KINDS: ReadonlySet<string> = new Set(["execute", "edit", "delete", "move"]);

/** A tool call: one line that says what is done and how it went, over what it did. Live and replayed calls look the same. */
export const ToolCard = memo(function ToolCard({ part }: { part: ToolPart }) {
  const { state } = part;
  const kind = part.kind ?? "other";
  const output = "output" in state ? (state.output ?? "") : "";
  const attachments = attachmentsOf(part);
  const hasContent =
    output !== "" ||
    (part.diffs?.length ?? 0) > 0 ||
    attachments.length > 0 ||
    state.status === "error" ||
    hasInput(part);
  const isWorthSeeing = OPEN_KINDS.has(kind) || attachments.length > 0 || state.status === "error";
  const Icon = ICONS[kind] ?? Wrench;
  const title = state.title ?? part.tool;
  return (
    <section
      aria-label={`${visibleText(title, "words")}, ${state.status}`}
      className="my-1.5 overflow-hidden rounded-md border border-line"
    >
      <Fold
        isOpen={isWorthSeeing}
        hasContent={hasContent}
        headClassName="flex min-h-9 w-full items-center gap-2 bg-canvas px-2.5 py-1 text-left text-sm enabled:hover:bg-hover pointer-coarse:min-h-11"
        head={(isOpen) => (
          <>
            <Icon size={15} className="shrink-0 text-ink-faint" />
            <Exact
              text={title}
              as={kind === "execute" ? "line" : "words"}
              className={classes("min-w-0 flex-1 truncate", kind === "execute" && "font-mono")}
            />
            <CallState state={state} />
            {hasContent && <FoldMark isOpen={isOpen} className="text-ink-faint" />}
          </>
        )}
        between={<Child part={part} />}
        content={() => <CallContent part={part} output={output} isTitleAll={!isLong(title)} />}
      />
    </section>
  );
});

/** What a call was given, what it did and what it said. */
function CallContent(props: { part: ToolPart; output: string; isTitleAll: boolean }) {
  const { part, output, isTitleAll } = props;
  const { state } = part;
  const attachments = attachmentsOf(part);
  return (
    <div className="flex flex-col gap-2 border-t border-line bg-sunken/60 p-2">
      {part.diffs?.map((diff) => (
        <DiffView key={diff.path} diff={diff} />
      ))}
      {(part.diffs?.length ?? 0) === 0 && hasInput(part) && (part.kind !== "execute" || !isTitleAll) && (
        <Input part={part} />
      )}
      {output !== "" && (
        <Output text={output} truncated={"truncated" in state ? state.truncated : undefined} part={part} />
      )}
      {state.status === "completed" && state.time.compacted !== undefined && (
        <p className="px-1 text-xs text-ink-faint">The agent no longer gives this output to its model</p>
      )}
      {state.status === "error" && state.error.trim() !== output.trim() && <Failure text={state.error} />}
      {attachments.length > 0 && (
        <ul aria-label="Attachments" className="flex flex-wrap gap-2 px-1">
          {attachments.map((each, index) => (
            <li key={index} className="max-w-full">
              <Attachment part={each} sessionId={part.sessionId} />
            </li>
          ))}
        </ul>
      )}
      {part.locations !== undefined && part.locations.length > 0 && (
        <p className="flex flex-wrap gap-x-3 px-1 font-mono text-xs break-all text-ink-faint">
          {part.locations.map(({ path, line }, index) => (
            <Exact key={index} text={line === undefined ? path : `${path}:${line}`} />
          ))}
        </p>
      )}
    </div>
  );
}

const attachmentsOf = ({ state }: ToolPart) =>
  state.status === "completed" ? (state.attachments ?? []) : [];

/** Of a subtask: who runs it, and the way to the session in which it runs. */
function Child({ part }: { part: ToolPart }) {
  const link = subtaskOf(part);
  if (link === undefined) return null;
  return (
    <Link
      to={{ at: "session", sessionId: link.sessionId }}
      className="flex items-center gap-2 border-t border-line px-2.5 py-1 text-sm text-accent hover:bg-hover pointer-coarse:min-h-11"
    >
      <CornerDownRight size={14} className="shrink-0" /> Subtask of {link.agent}: open its session
    </Link>
  );
}

/** Whether one line may not show all of it. */
const isLong = (title: string): boolean => title.length > 60 || title.includes("\n");

const hasInput = (part: ToolPart): boolean => Object.keys(part.state.input).length > 0;

function Input({ part }: { part: ToolPart }) {
  return (
    <div className="px-1 text-ink-soft">
      <Arguments args={part.state.input} />
    </div>
  );
}

/** Why a call failed; agents put what a terminal showed into it. */
function Failure({ text }: { text: string }) {
  const { html } = useMemo(() => screenOf(text, SHOWN_LINES), [text]);
  return (
    <p
      className="terminal px-1 text-sm break-words whitespace-pre-wrap text-danger"
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}

function CallState({ state }: { state: ToolPart["state"] }) {
  switch (state.status) {
    case "pending":
      return <Chip>waiting</Chip>;
    case "running":
      return <Running since={state.time.start} />;
    case "completed":
      return (
        <span className="text-xs text-ink-faint tabular-nums">{span(state.time.end - state.time.start)}</span>
      );
    case "error":
      return <Chip tone="danger">failed</Chip>;
  }
}

function Running({ since }: { since: number }) {
  const now = useMoment(1_000);
  return (
    <Chip tone="busy">
      <span className="pulse-soft size-1.5 rounded-full bg-busy" /> {span(Math.max(0, now - since))}
    </Chip>
  );
}
