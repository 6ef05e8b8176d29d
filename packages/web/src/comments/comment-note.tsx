import { MessageSquare } from "lucide-react";
import { Exact, moment } from "../design/index.ts";

export type CommentNoteProps = { by: string; text: string; time: number };

/** What somebody with a ref that may comment said of a message or a change. No agent hears of it (S-14). */
export function CommentNote({ by, text, time }: CommentNoteProps) {
  const name = by === "" ? "Somebody" : by;
  return (
    <article
      aria-label={`Comment of ${name}`}
      title={moment(time)}
      className="my-1.5 rounded-md border border-line bg-canvas px-3 py-2 text-sm"
    >
      <p className="flex items-center gap-1.5 text-xs text-ink-soft">
        <MessageSquare size={13} className="shrink-0" />
        <Exact text={name} as="words" className="font-medium" />
      </p>
      <p dir="auto" className="mt-1 break-words whitespace-pre-wrap">
        {text}
      </p>
    </article>
  );
}
