import type { Comment } from "@holdfast/protocol";

export type CommentRow = {
  rid: number;
  id: Comment["id"];
  target: Comment["on"];
  text: string;
  ref: Comment["by"]["refId"];
  label: string;
  seq: number;
  time_created: number;
};

export const toComment = ({ id, target, text, ref, label, time_created: created }: CommentRow): Comment => ({
  id,
  on: target,
  text,
  by: { refId: ref, label },
  time: { created },
});
