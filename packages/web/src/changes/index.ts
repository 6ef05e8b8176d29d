export { ChangesPanel } from "./changes-panel.tsx";
export type { ChangesView } from "./changes-store.ts";
export { blocksOf, type PatchLine } from "./patch-lines.ts";
export { KIND_WORDS } from "./words.ts";
export { ConflictList } from "./conflict-dialog.tsx";
export { OperationList } from "./operations-dialog.tsx";
export { PendingCount } from "./pending-count.tsx";
export { ReviewPanel } from "./review-panel.tsx";
export type { Review } from "./use-review.ts";
