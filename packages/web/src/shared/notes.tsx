import type { SharedState } from "@holdfast/client";
import type { Comment } from "@holdfast/protocol";
import type { ReactNode } from "react";
import { CommentNote } from "../comments/index.ts";
import type { Notes } from "../transcript/index.ts";
import { OmittedNote } from "./omitted-note.tsx";

/** What stands below messages: what of them is not shown, what was said of them, and the place to say something. */
export function notesOf(
  omitted: SharedState["omitted"],
  comments: readonly Comment[],
  formOf?: (messageId: string) => ReactNode,
): Notes {
  const notes = new Map<string, { key: string; note: ReactNode }[]>();
  const put = (messageId: string, key: string, note: ReactNode) => {
    const before = notes.get(messageId);
    if (before === undefined) notes.set(messageId, [{ key, note }]);
    else before.push({ key, note });
  };
  for (const [key, gone] of omitted)
    if (gone.messageId !== undefined)
      put(gone.messageId, `omitted ${key}`, <OmittedNote omitted={gone} what="A part of this message" />);
  for (const comment of comments)
    if (comment.on.startsWith("msg_")) put(comment.on, comment.id, noteOf(comment));
  return formOf === undefined ? notes : withForms(notes, formOf);
}

/** A comment as it stands below what it is about. */
export const noteOf = ({ by, text, time }: Comment): ReactNode => (
  <CommentNote by={by.label} text={text} time={time.created} />
);

/** The form is made for one message at a time: the one that is being commented on. */
function withForms(
  notes: Map<string, { key: string; note: ReactNode }[]>,
  formOf: (id: string) => ReactNode,
) {
  return {
    get: (messageId: string) => {
      const form = formOf(messageId);
      const rest = notes.get(messageId) ?? [];
      return form === undefined ? rest : [...rest, { key: `form ${messageId}`, note: form }];
    },
  };
}
