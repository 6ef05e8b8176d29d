import { Bot } from "lucide-react";
import type { ReactNode } from "react";
import { useLibrary } from "../data/index.ts";
import { Chip, Exact, Fold, FoldMark, Notice } from "../design/index.ts";
import { CopyCommand } from "./copy-command.tsx";
import { LookAgain } from "./look-again.tsx";
import { editKeysCommand, ENDPOINT_COMMAND } from "./set-up.ts";

/** Holdfast's own agent, while no model can be reached: how it gets one. A key is never taken here. */
export function NativeOffer({ isOpen }: { isOpen: boolean }) {
  return (
    <section aria-label="Holdfast's own agent" className="overflow-hidden rounded-lg border border-line">
      <Fold
        isOpen={isOpen}
        headClassName="flex min-h-11 w-full items-center gap-2 px-3 py-2 text-left text-sm hover:bg-hover"
        head={(isShown) => (
          <>
            <Bot size={15} className="shrink-0 text-accent" />
            <span className="font-medium">Holdfast</span>
            <span className="min-w-0 flex-1 truncate text-ink-soft">its own agent</span>
            <Chip tone="attention">needs a model</Chip>
            <FoldMark isOpen={isShown} className="text-ink-faint" />
          </>
        )}
        content={() => <Ways />}
      />
    </section>
  );
}

function Ways() {
  const { models } = useLibrary();
  const { file, problem, missing = [] } = models?.keys ?? {};
  return (
    <div className="flex flex-col gap-3 border-t border-line px-3 py-3 text-sm">
      <p className="text-ink-soft">
        It needs no other program: give it a key of Anthropic, OpenAI or Google, or a model that runs on this
        machine. A key is never asked for here, and never shown.
      </p>
      {problem !== undefined && (
        <Notice tone="attention" role="status">
          <Exact text={problem} as="words" />
        </Notice>
      )}
      <Way title="A key in a file that only you can read">
        {file !== undefined && <CopyCommand command={editKeysCommand(file)} />}
        <p>
          Write into it <code className="font-mono text-xs">{'{"anthropic": "your key"}'}</code>, or{" "}
          <code className="font-mono text-xs">openai</code>, or{" "}
          <code className="font-mono text-xs">google</code>. It counts at once.
        </p>
      </Way>
      <Way title="A key in the server's environment">
        <p>
          Start the server again with one of these variables. It has none of them now:{" "}
          {missing.map(({ variable }, index) => (
            <span key={variable}>
              {index > 0 && ", "}
              <Exact text={variable} className="font-mono text-xs" />
            </span>
          ))}
          .
        </p>
      </Way>
      <Way title="A model of your own">
        <p>
          Start the server again with the address of an endpoint that speaks as OpenAI’s chat does (Ollama, LM
          Studio, vLLM, OpenRouter), and the name of a model there. Several go into{" "}
          <code className="font-mono text-xs">providers</code> of the configuration.
        </p>
        <CopyCommand command={ENDPOINT_COMMAND} />
      </Way>
      <div className="flex items-center gap-2">
        <LookAgain words="Refresh" />
      </div>
    </div>
  );
}

function Way({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex min-w-0 flex-col gap-1 text-ink-soft">
      <h4 className="font-medium text-ink">{title}</h4>
      {children}
    </section>
  );
}
