import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Random } from "../torture/random.ts";
import { Disk } from "./disk.ts";
import type { Op } from "./trace.ts";

const made: string[] = [];
afterEach(() => made.splice(0).forEach((path) => rmSync(path, { recursive: true, force: true })));

type Bare<T> = T extends Op ? Omit<T, "at"> : never;

/** What three hundred losses of power leave of `/r/f`, each different outcome once. */
function outcomes(ops: Bare<Op>[], name = "f"): Set<string> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 300; seed += 1) {
    const disk = new Disk("/r");
    for (const op of ops) disk.take({ at: 0, ...op });
    const directory = mkdtempSync(join(tmpdir(), "holdfast-disk-"));
    made.push(directory);
    disk.image(directory, new Random(String(seed)));
    seen.add(existsSync(join(directory, name)) ? readFileSync(join(directory, name), "latin1") : "(no file)");
  }
  return seen;
}

const create = { op: "create", inode: 1n, path: "/r/f" } as const;
const opened = { op: "directory", inode: 9n, path: "/r" } as const;
const syncFile = { op: "sync", inode: 1n } as const;
const syncNames = { op: "sync", inode: 9n } as const;
const write = (text: string, offset = 0) =>
  ({ op: "write", inode: 1n, offset, data: Buffer.from(text) }) as const;

describe("a disk that loses power", () => {
  test("keeps what was synced with its name", () => {
    expect(outcomes([opened, create, write("abc"), syncFile, syncNames])).toEqual(new Set(["abc"]));
  });

  test("may lose a file whose name was not synced, however well its content was", () => {
    expect(outcomes([opened, create, write("abc"), syncFile])).toEqual(new Set(["abc", "(no file)"]));
  });

  test("may lose, keep or reorder writes after the last sync, and never those before", () => {
    const seen = outcomes([opened, create, write("aaa"), syncFile, syncNames, write("b"), write("c", 2)]);
    expect(seen).toEqual(new Set(["aaa", "baa", "aac", "bac"]));
  });

  test("tears a write at sectors", () => {
    const seen = outcomes([opened, create, syncFile, syncNames, write("x".repeat(512) + "y".repeat(512))]);
    expect(seen).toContain("\0".repeat(512) + "y".repeat(512));
    expect(seen).toContain("x".repeat(512));
  });

  test("shows a renamed file under the one name or the other", () => {
    const ops = [
      opened,
      create,
      write("abc"),
      syncFile,
      syncNames,
      { op: "rename", from: "/r/f", to: "/r/g" } as const,
    ];
    expect(outcomes(ops)).toEqual(new Set(["abc", "(no file)"]));
    expect(outcomes([...ops, syncNames], "g")).toEqual(new Set(["abc"]));
  });

  test("loses what is below a directory whose name was not synced", () => {
    const ops = [
      { op: "mkdir", path: "/r/d" },
      { op: "directory", inode: 8n, path: "/r/d" },
      { op: "create", inode: 1n, path: "/r/d/f" },
      write("abc"),
      syncFile,
      { op: "sync", inode: 8n },
    ] satisfies Bare<Op>[];
    expect(outcomes(ops, "d/f")).toEqual(new Set(["abc", "(no file)"]));
  });

  test("an inode that is used again is another file", () => {
    const again = { op: "create", inode: 1n, path: "/r/h" } as const;
    const ops = [
      opened,
      create,
      write("abc"),
      syncFile,
      { op: "unlink", path: "/r/f" } as const,
      again,
      write("z"),
      syncFile,
    ];
    expect(outcomes([...ops, syncNames], "h")).toEqual(new Set(["z"]));
  });
});
