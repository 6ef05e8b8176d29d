export { createReview, type Review } from "./review.ts";
export { createRepositories } from "./repositories.ts";
export type { ReviewDeps } from "./deps.ts";
