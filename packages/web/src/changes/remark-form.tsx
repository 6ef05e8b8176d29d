import { type Session, visibleText } from "@holdfast/protocol";
import { Send } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { Button } from "../design/index.ts";
import type { LinePosition } from "./diff.tsx";

export type Addressee = { sessionId: Session["id"]; title: string };

type RemarkFormProps = {
  path: string;
  position: LinePosition;
  /** Sessions that had a part in it, the newest first. */
  addressees: readonly Addressee[];
  /** Rejects with the reason. */
  onSend: (text: string, to: Addressee) => Promise<void>;
  onClose: () => void;
};

/** A remark on a line; it becomes an input of a session, and so reaches its agent (W-6). */
export function RemarkForm({ path, position, addressees, onSend, onClose }: RemarkFormProps) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<string | undefined>();
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const to = addressees.find(({ sessionId }) => sessionId === chosen) ?? addressees[0];
  const send = async () => {
    if (text.trim() === "" || to === undefined) return;
    setSending(true);
    setProblem(undefined);
    try {
      await onSend(text.trim(), to);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setSending(false);
    }
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    } else if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      void send();
    }
  };
  const what = `${position.side === "old" ? "deleted line" : "line"} ${position.line} of ${visibleText(path, "line")}`;
  return (
    <form
      aria-label={`Comment on ${what}`}
      onKeyDown={press}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      className="m-2 flex flex-col gap-2 rounded-md border border-line-strong bg-raised p-2 font-sans text-sm text-ink"
    >
      <textarea
        autoFocus
        rows={3}
        dir="auto"
        value={text}
        maxLength={65_536}
        aria-label={`What the agent should know about ${what}`}
        placeholder="What the agent should know or do about this line"
        onChange={(event) => setText(event.target.value)}
        className="w-full resize-y rounded-sm border border-line-strong bg-surface px-2 py-1.5 pointer-coarse:text-[1rem]"
      />
      {problem !== undefined && (
        <p role="alert" className="text-danger">
          {problem}
        </p>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <label className="flex min-w-0 flex-1 items-center gap-1.5 text-xs text-ink-soft">
          To
          <select
            value={to?.sessionId}
            onChange={(event) => setChosen(event.target.value)}
            className="h-7 min-w-0 flex-1 rounded-md border border-line-strong bg-surface px-1 text-sm text-ink pointer-coarse:h-11"
          >
            {addressees.map(({ sessionId, title }) => (
              <option key={sessionId} value={sessionId}>
                {visibleText(title, "words")}
              </option>
            ))}
          </select>
        </label>
        <Button size="small" tone="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button size="small" tone="primary" type="submit" disabled={isSending || text.trim() === ""}>
          <Send size={13} /> Send
        </Button>
      </div>
    </form>
  );
}
