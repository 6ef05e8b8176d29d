import type { FileHandle } from "node:fs/promises";
import { randomHex } from "@holdfast/kernel";
import type { FileVersion } from "@holdfast/protocol";
import { argumentOf, bytesOf } from "./git-path.ts";
import type { Checkout } from "./repository.ts";
import { runGit } from "./site.ts";

/** Most bytes of converted content that is held in memory. */
const CONVERTED_BYTES = 256 * 1024 * 1024;

/** Writes what a checkout would write: the raw blob when given, else the version's blob converted for `name`, a path from the top. */
export async function writeContent(
  checkout: Checkout,
  name: string,
  { version, raw }: { version: FileVersion; raw: string | undefined },
  handle: FileHandle,
): Promise<void> {
  const path = argumentOf(name);
  if (raw !== undefined) await runGit(checkout, ["cat-file", "blob", raw], { stdoutTo: handle.fd });
  else if (path !== undefined)
    await runGit(checkout, ["cat-file", "--filters", `--path=${path}`, version.blob], {
      stdoutTo: handle.fd,
    });
  else
    for (const bytes of await smudged(checkout, [{ name, blob: version.blob }]))
      await handle.writeFile(bytes);
}

/** The bytes that a checkout would write of each blob at its path from the top, in the same order. Rejects GitError when a filter fails. */
export async function smudged(
  checkout: Checkout,
  files: readonly { name: string; blob: string }[],
  indexFile?: string,
): Promise<Buffer[]> {
  if (files.length === 0) return [];
  // git tells the length before the conversion only, so a word that nobody can know stands between the contents.
  const word = `holdfast-${randomHex(16)}`;
  const { stdout } = await runGit(
    checkout,
    ["cat-file", `--batch=${word} %(objectname)`, "--filters", "-z"],
    {
      stdin: bytesOf(files.map(({ name, blob }) => `${blob} ${name}\0`).join("")),
      maxBytes: CONVERTED_BYTES,
      ...(indexFile === undefined ? {} : { indexFile }),
    },
  );
  const contents: Buffer[] = [];
  let at = 0;
  for (const { blob } of files) {
    const header = Buffer.from(`${word} ${blob}\n`);
    if (!stdout.subarray(at, at + header.length).equals(header))
      throw new RangeError("git answered other objects than it was asked for");
    const begin = at + header.length;
    const next = stdout.indexOf(`\n${word} `, begin);
    const end = next === -1 ? stdout.length - 1 : next;
    contents.push(stdout.subarray(begin, Math.max(begin, end)));
    at = end + 1;
  }
  return contents;
}
