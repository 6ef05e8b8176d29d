export { currentRoute, Link, navigate, useRoute } from "./navigation.tsx";
export type { Route } from "./route.ts";
