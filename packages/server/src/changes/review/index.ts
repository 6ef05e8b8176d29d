export { createReview, type Review } from "./review.ts";
export { createPlaces } from "./places.ts";
export type { ReviewDeps } from "./deps.ts";
