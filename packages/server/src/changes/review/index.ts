export { createReview, type Review } from "./review.ts";
export { createPlaces, type PlacesDeps } from "./places.ts";
export type { FileWatch, Places, Reviewer, ReviewDeps } from "./deps.ts";
