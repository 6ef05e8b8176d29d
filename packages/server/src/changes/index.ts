export { createTracker, type Tracker, type TurnFiles } from "./track/index.ts";
export { createRepositories, createReview, type Review, type ReviewDeps } from "./review/index.ts";
