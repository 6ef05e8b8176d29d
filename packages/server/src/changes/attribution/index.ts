export { compose, isSameOrigin } from "./compose.ts";
export { withIds } from "./hunk-id.ts";
export { rebase, without } from "./rebase.ts";
export { type Attributed, type HunkRange, type Region, regionOf, wholeFile } from "./region.ts";
