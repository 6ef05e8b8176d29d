import { sep } from "node:path";

/** Whether `path` is `directory` or below it. Both are absolute and normal; where links matter, real ones. Nothing is looked at. */
export function isInside(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
