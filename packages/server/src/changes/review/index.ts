export { createReview, type Review } from "./review.ts";
export type { FileWatch, Places, Reviewer, ReviewDeps } from "./deps.ts";
