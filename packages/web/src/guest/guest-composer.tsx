import { newIdempotencyKey, queueOf, type SessionState } from "@holdfast/client";
import { visibleText } from "@holdfast/protocol";
import { ArrowUp, Square, X } from "lucide-react";
import { useState } from "react";
import { Button, Exact, IconButton } from "../design/index.ts";
import type { Guest } from "./guest.ts";

/** Where who may prompt says what is to be done: words, which go behind what waits already; and what is theirs can be taken back (S-28). */
export function GuestComposer({ guest, state }: { guest: Guest; state: SessionState }) {
  const { client, ref, live } = guest;
  const [text, setText] = useState("");
  // One key for all tries of one message: the server takes it once.
  const [key, setKey] = useState(newIdempotencyKey);
  const [problem, setProblem] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const own = queueOf(state).filter(({ actor }) => actor.id === ref.ref.id);
  const running = Object.values(state.turns).find(
    (turn) => turn.state === "running" && turn.actor.id === ref.ref.id,
  );
  const act = async (work: () => Promise<unknown>) => {
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const send = async () => {
    setBusy(true);
    await act(async () => {
      await client.admitInput(live.id, { parts: [{ type: "text", text }] }, { idempotencyKey: key });
      setText("");
      setKey(newIdempotencyKey());
    });
    setBusy(false);
  };
  return (
    <form
      aria-label="Composer"
      className="mx-auto flex w-full max-w-3xl shrink-0 flex-col gap-2 px-4 pb-3"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {own.map((input) => (
        <p key={input.id} className="flex items-center gap-2 text-sm text-ink-soft">
          <span className="min-w-0 flex-1 truncate">
            Waits: <Exact text={wordsOf(input.parts)} as="words" />
          </span>
          <IconButton
            label={`Take back ${visibleText(wordsOf(input.parts), "words").slice(0, 40)}`}
            onClick={() => void act(() => client.removeInput(input.id))}
          >
            <X size={14} />
          </IconButton>
        </p>
      ))}
      {problem !== undefined && (
        <p role="alert" className="text-sm text-danger">
          {problem}
        </p>
      )}
      <textarea
        value={text}
        rows={2}
        dir="auto"
        aria-label="Message"
        placeholder="Say what is to be done"
        onChange={(event) => setText(event.target.value)}
        className="block max-h-[40dvh] min-h-11 w-full resize-none rounded-lg border border-line-strong bg-surface px-3.5 py-2 pointer-coarse:text-base"
      />
      <div className="flex flex-wrap items-center justify-end gap-2">
        <span className="min-w-0 flex-1 basis-48 text-xs text-ink-soft">
          Its agent works on the owner’s machine and asks before it acts.
        </span>
        {running !== undefined && (
          <Button size="small" tone="danger" onClick={() => void act(() => client.cancelTurn(running.id))}>
            <Square size={13} /> Stop
          </Button>
        )}
        <Button type="submit" size="small" tone="primary" disabled={isBusy || text.trim() === ""}>
          <ArrowUp size={14} /> Send
        </Button>
      </div>
    </form>
  );
}

const wordsOf = (parts: readonly { type: string; text?: unknown }[]): string =>
  parts.flatMap(({ type, text }) => (type === "text" && typeof text === "string" ? [text] : [])).join(" ");
