export { currentRoute, Link, navigate, useRoute } from "./navigation.tsx";
export { type Route, sessionOf } from "./route.ts";
