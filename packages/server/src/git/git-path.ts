/**
 * Paths as git has them: bytes, with forward slashes, below a root. A `GitPath` keeps the bytes as a Latin-1 string, so that every file can be
 * named whatever its encoding.
 */
import { isUtf8 } from "node:buffer";
import { HoldfastError } from "@holdfast/kernel";

/** Bytes of a path as a Latin-1 string. */
export type GitPath = string;

/** Names that must never be written below a root: git's own, and steps out of it. Forms that other file systems take for `.git` count too. */
const FORBIDDEN = /^(\.{0,2}|\.git|git~\d+)$/i;

export function bytesOf(key: GitPath): Buffer {
  return Buffer.from(key, "latin1");
}

/** The key of a path that is a JavaScript string. */
export function keyOf(path: string): GitPath {
  return Buffer.from(path, "utf8").toString("latin1");
}

/** For people and for JSON; bytes that are not UTF-8 become U+FFFD. */
export function showPath(key: GitPath): string {
  return bytesOf(key).toString("utf8");
}

/** The path as an argument of a program, or `undefined` when it is not UTF-8 and can be told through stdin only. */
export function argumentOf(key: GitPath): string | undefined {
  const bytes = bytesOf(key);
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}

/** Whether git, or another file system, takes one part of a path for its own. */
export function isOwnName(name: GitPath): boolean {
  return FORBIDDEN.test(name);
}

/** Throws PATH_ESCAPES for what no file of a checkout may be called. */
export function requireKey(key: GitPath): void {
  if (key.includes("\0") || key.split("/").some((name) => FORBIDDEN.test(name)))
    throw new HoldfastError(
      "PATH_ESCAPES",
      `${JSON.stringify(showPath(key).slice(0, 300))} is no path below its root.`,
    );
}
