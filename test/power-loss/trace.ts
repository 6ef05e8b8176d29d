/** Reads what `trace.c` wrote. */
import { readFileSync } from "node:fs";

/** `at`: ms of the wall clock, before the call. Inodes are numbers that may be used again after an unlink; a `create` begins a new file. */
export type Op = { at: number } & (
  | { op: "create"; inode: bigint; path: string }
  | { op: "truncate"; inode: bigint; size: number }
  | { op: "write"; inode: bigint; offset: number; data: Buffer }
  | { op: "sync"; inode: bigint }
  | { op: "rename"; from: string; to: string }
  | { op: "unlink"; path: string }
  | { op: "mkdir"; path: string }
  | { op: "directory"; inode: bigint; path: string }
);

const HEAD_BYTES = 1 + 8 * 3 + 4 * 3;

/** All operations in their order. */
export function readTrace(file: string): Op[] {
  const bytes = readFileSync(file);
  const ops: Op[] = [];
  for (let at = 0; at < bytes.length;) {
    const [path, other, data] = [25, 29, 33].map((field) => bytes.readUInt32LE(at + field)) as [
      number,
      number,
      number,
    ];
    const body = at + HEAD_BYTES;
    const text = (from: number, length: number) => bytes.toString("utf8", from, from + length);
    ops.push(
      opOf(bytes[at] ?? 0, {
        at: Number(bytes.readBigUInt64LE(at + 1) / 1_000_000n),
        inode: bytes.readBigUInt64LE(at + 9),
        offset: Number(bytes.readBigUInt64LE(at + 17)),
        path: text(body, path),
        other: text(body + path, other),
        data: bytes.subarray(body + path + other, body + path + other + data),
      }),
    );
    at = body + path + other + data;
  }
  return ops;
}

type Record = { at: number; inode: bigint; offset: number; path: string; other: string; data: Buffer };

function opOf(code: number, { at, inode, offset, path, other, data }: Record): Op {
  switch (code) {
    case 1:
      return { op: "create", at, inode, path };
    case 2:
      return { op: "truncate", at, inode, size: offset };
    case 3:
      return { op: "write", at, inode, offset, data };
    case 4:
      return { op: "sync", at, inode };
    case 5:
      return { op: "rename", at, from: path, to: other };
    case 6:
      return { op: "unlink", at, path };
    case 7:
      return { op: "mkdir", at, path };
    case 8:
      return { op: "directory", at, inode, path };
    default:
      throw new Error(`The trace has an operation ${code}.`);
  }
}
