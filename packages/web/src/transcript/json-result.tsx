import { Braces, CircleCheck } from "lucide-react";
import { Chip, Exact, Fold, FoldMark } from "../design/index.ts";
import type { JsonAnswer } from "./json-answer.ts";
import { CodeBlock } from "./markdown/index.ts";

/** The answer as JSON: what was asked for stands open; a try that did not fit is folded, under why. */
export function JsonResult({ answer: { value, isTaken, problem } }: { answer: JsonAnswer }) {
  const code = JSON.stringify(value, undefined, 2);
  return (
    <section aria-label={problem === undefined ? "Result" : "Result that does not fit"} className="my-1.5">
      <Fold
        isOpen={problem === undefined}
        headClassName="flex min-h-8 w-full items-center gap-2 rounded-sm text-left text-sm hover:text-ink pointer-coarse:min-h-11"
        head={(isShown) => (
          <>
            <Braces size={15} className="shrink-0 text-ink-faint" />
            <span className="font-medium">Result</span>
            {isTaken && (
              <Chip tone="good">
                <CircleCheck size={12} /> fits
              </Chip>
            )}
            {problem !== undefined && (
              <>
                <Chip tone="attention">does not fit</Chip>
                <Exact text={problem} as="words" className="min-w-0 truncate text-ink-soft" />
              </>
            )}
            <FoldMark isOpen={isShown} className="text-ink-faint" />
          </>
        )}
        content={() => <CodeBlock code={code} language="json" isOpen={false} />}
      />
    </section>
  );
}
