import { newId } from "@holdfast/client";
import type { Comment } from "@holdfast/protocol";
import { MessageSquarePlus } from "lucide-react";
import { useState } from "react";
import { Button } from "../design/index.ts";

/** Most characters of a comment, as the service takes them. */
const MAX_LENGTH = 10_000;

type CommentFormProps = {
  /** Says it under this id, which is the same for all tries. Rejects with the reason. */
  onSay: (id: Comment["id"], text: string) => Promise<void>;
};

/** A button, which opens to a place to say something about what stands above it. People read it; no agent does (S-14). */
export function CommentForm({ onSay }: CommentFormProps) {
  const [text, setText] = useState<string | undefined>();
  // One id for all tries of one comment: said twice, it is there once.
  const [id, setId] = useState(() => newId("cmt"));
  const [problem, setProblem] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  if (text === undefined)
    return (
      <Button size="small" tone="quiet" onClick={() => setText("")}>
        <MessageSquarePlus size={14} /> Comment
      </Button>
    );
  const close = () => {
    setText(undefined);
    setProblem(undefined);
    setId(newId("cmt"));
  };
  const say = async () => {
    setBusy(true);
    try {
      await onSay(id, text);
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void say();
      }}
      className="my-1.5 flex flex-col gap-2"
    >
      <textarea
        autoFocus
        value={text}
        maxLength={MAX_LENGTH}
        rows={3}
        dir="auto"
        aria-label="Comment"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && close()}
        className="w-full rounded-md border border-line-strong bg-surface px-2.5 py-1.5 text-sm pointer-coarse:text-base"
      />
      {problem !== undefined && (
        <p role="alert" className="text-sm text-danger">
          {problem}
        </p>
      )}
      <div className="flex gap-2">
        <Button type="submit" size="small" tone="primary" disabled={isBusy || text.trim() === ""}>
          Say it
        </Button>
        <Button size="small" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
