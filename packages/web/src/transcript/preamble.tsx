import {
  isCorrectionPart,
  isPreamblePart,
  isNotePart,
  isSubtasksPart,
  type Part,
  type TextPart,
} from "@holdfast/protocol";
import { ChevronRight } from "lucide-react";
import { useState } from "react";

/** What an agent was told before the user's words: the turns that it did not see, what its subtasks came to, and what was rejected (W-6). */
export function Preambles({ agent, parts }: { agent: string; parts: readonly Part[] }) {
  return parts.flatMap((part) =>
    part.type === "text" && isPreamblePart(part)
      ? [<Preamble key={part.id} agent={agent} part={part} />]
      : [],
  );
}

function subjectOf(part: TextPart): string {
  if (isCorrectionPart(part)) return "its answer, which does not fit what was asked for";
  if (isSubtasksPart(part)) return "the subtasks";
  return isNotePart(part) ? "rejected changes" : "earlier turns";
}

/** A line, which opens to every word of it. */
function Preamble({ agent, part }: { agent: string; part: TextPart }) {
  const [isUnfolded, setUnfolded] = useState(false);
  return (
    <div className="flex max-w-full min-w-0 flex-col items-end text-xs text-ink-soft">
      <button
        type="button"
        aria-expanded={isUnfolded}
        onClick={() => setUnfolded(!isUnfolded)}
        className="flex items-center gap-1 rounded-sm hover:text-ink pointer-coarse:min-h-11"
      >
        <ChevronRight size={13} className={isUnfolded ? "rotate-90" : ""} />
        What {agent} was told of {subjectOf(part)}
      </button>
      {isUnfolded && (
        <pre
          tabIndex={0}
          dir="auto"
          aria-label={`What ${agent} was told`}
          className="mt-1 max-h-80 max-w-full overflow-auto rounded-md border border-line bg-sunken p-2.5 font-mono break-words whitespace-pre-wrap"
        >
          {part.text}
        </pre>
      )}
    </div>
  );
}
