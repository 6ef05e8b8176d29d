export { createTracker, type Tracker, type TrackerDeps, type TurnFiles } from "./track/index.ts";
export {
  createPlaces,
  createReview,
  type PlacesDeps,
  type Review,
  type ReviewDeps,
} from "./review/index.ts";
