/**
 * A disk that may lose power. Model: a sync of a file makes everything written to it before durable, with its size; a sync of a directory makes the
 * names in it durable that were made, changed or taken away before. Of what was not synced any part may be there: each write whole, not at all,
 * or torn at sectors of 512 bytes; names in the order of their changes, up to some change.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Random } from "../torture/random.ts";
import type { Op } from "./trace.ts";

const SECTOR = 512;

type Change = { op: "write"; offset: number; data: Buffer } | { op: "truncate"; size: number };

class File {
  content = Buffer.alloc(0);
  size = 0;
  pending: Change[] = [];

  sync(): void {
    for (const change of this.pending) this.apply(change);
    this.pending = [];
  }

  apply(change: Change): void {
    if (change.op === "truncate") {
      if (change.size < this.size) this.content.fill(0, change.size, this.size);
      this.#grow(change.size);
      this.size = change.size;
      return;
    }
    const end = change.offset + change.data.length;
    this.#grow(end);
    change.data.copy(this.content, change.offset);
    this.size = Math.max(this.size, end);
  }

  copy(): File {
    const copy = new File();
    copy.content = Buffer.from(this.content.subarray(0, this.size));
    copy.size = this.size;
    return copy;
  }

  #grow(size: number): void {
    if (size <= this.content.length) return;
    const grown = Buffer.alloc(Math.max(size, this.content.length * 2, 65_536));
    this.content.copy(grown, 0, 0, this.size);
    this.content = grown;
  }
}

/** A change of the names in one directory; `undefined` takes a name away. */
type Naming = { path: string; node: File | "directory" | undefined };

export class Disk {
  readonly #root: string;
  readonly #files = new Map<bigint, File>();
  readonly #directories = new Map<bigint, string>();
  /** Names as the program sees them, and as they are sure to be after a loss of power. */
  readonly #now = new Map<string, File | "directory">();
  readonly #durable = new Map<string, File | "directory">();
  readonly #pending = new Map<string, Naming[]>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Takes the next operation of the trace. */
  take(op: Op): void {
    switch (op.op) {
      case "create": {
        const file = new File();
        this.#files.set(op.inode, file);
        return this.#name({ path: op.path, node: file });
      }
      case "mkdir":
        return this.#name({ path: op.path, node: "directory" });
      case "directory":
        this.#directories.set(op.inode, op.path);
        return;
      case "truncate":
      case "write":
        this.#files.get(op.inode)?.pending.push(op);
        return;
      case "sync":
        this.#files.get(op.inode)?.sync();
        return this.#syncNames(this.#directories.get(op.inode));
      case "rename": {
        const node = this.#now.get(op.from);
        this.#name({ path: op.from, node: undefined });
        return this.#name({ path: op.to, node });
      }
      case "unlink":
        return this.#name({ path: op.path, node: undefined });
    }
  }

  /** Writes what is there after a loss of power at this instant, as chance has it. */
  image(directory: string, random: Random): void {
    const names = new Map(this.#durable);
    for (const namings of this.#pending.values()) {
      const kept = random.chance(0.5) ? namings.length : random.int(0, namings.length);
      for (const naming of namings.slice(0, kept)) put(names, naming);
    }
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const [path, node] of [...names].toSorted(([a], [b]) => a.length - b.length)) {
      if (!this.#isReachable(path, names)) continue;
      const target = join(directory, relative(this.#root, path));
      if (node === "directory") mkdirSync(target, { recursive: true, mode: 0o700 });
      else writeFileSync(target, lose(node, random), { mode: 0o600 });
    }
  }

  /** A name is found only if all directories above it are. */
  #isReachable(path: string, names: ReadonlyMap<string, unknown>): boolean {
    for (let above = dirname(path); above.length > this.#root.length; above = dirname(above))
      if (!names.has(above)) return false;
    return true;
  }

  #name(naming: Naming): void {
    put(this.#now, naming);
    const parent = dirname(naming.path);
    const pending = this.#pending.get(parent) ?? [];
    pending.push(naming);
    this.#pending.set(parent, pending);
  }

  #syncNames(directory: string | undefined): void {
    if (directory === undefined) return;
    for (const naming of this.#pending.get(directory) ?? []) put(this.#durable, naming);
    this.#pending.delete(directory);
  }
}

function put(names: Map<string, File | "directory">, { path, node }: Naming): void {
  if (node === undefined) names.delete(path);
  else names.set(path, node);
}

/** What is left of a file: all that was synced, and of the rest what chance keeps. */
function lose(file: File, random: Random): Buffer {
  const left = file.copy();
  // Often everything or nothing, because that is what disks do most; else each write by itself.
  const mood = random.pick(["all", "none", "some", "torn"] as const);
  for (const change of file.pending) {
    if (mood === "none" || (mood !== "all" && random.chance(0.5))) continue;
    if (mood !== "torn" || change.op === "truncate") {
      left.apply(change);
      continue;
    }
    for (let from = 0; from < change.data.length; from += SECTOR)
      if (random.chance(0.7))
        left.apply({
          op: "write",
          offset: change.offset + from,
          data: change.data.subarray(from, from + SECTOR),
        });
  }
  return left.content.subarray(0, left.size);
}
