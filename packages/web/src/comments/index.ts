export { CommentForm } from "./comment-form.tsx";
export { CommentNote } from "./comment-note.tsx";
export { useComments } from "./use-comments.ts";
