import { decodeText } from "./text-form.ts";

/** Characters of both texts of all files of one call that are shown. */
const SHOWN = 128 * 1024;

/** Lines around a change that are shown with it. */
const AROUND = 3;

type Texts = { oldText?: string; newText: string };

/** Both contents as they are shown, of one of so many files: whole, or the lines between the first and the last that differ, or what fits of those. */
export function shownTexts(before: Buffer | undefined, after: Buffer | undefined, files: number): Texts {
  const room = Math.floor(SHOWN / files);
  const [old, next] = [before, after].map((bytes) => (bytes === undefined ? "" : textOf(bytes))) as [
    string,
    string,
  ];
  const texts = old.length + next.length <= room ? { old, next } : changed(old, next, Math.floor(room / 2));
  return { ...(before === undefined ? {} : { oldText: texts.old }), newText: texts.next };
}

const textOf = (bytes: Buffer): string =>
  decodeText(bytes)?.text ?? `(${bytes.length} bytes that are no text)`;

function changed(old: string, next: string, room: number): { old: string; next: string } {
  const shorter = Math.min(old.length, next.length);
  let start = 0;
  while (start < shorter && old[start] === next[start]) start += 1;
  let end = 0;
  while (end < shorter - start && old[old.length - 1 - end] === next[next.length - 1 - end]) end += 1;
  for (let lines = 0; lines <= AROUND && start > 0; lines += 1)
    start = old.lastIndexOf("\n", lines === 0 ? start - 1 : start - 2) + 1;
  let oldEnd = old.length - end;
  for (let lines = 0; lines <= AROUND && oldEnd < old.length; lines += 1) {
    const at = old.indexOf("\n", oldEnd);
    oldEnd = at === -1 ? old.length : at + 1;
  }
  const nextEnd = next.length - (old.length - oldEnd);
  return { old: cut(old.slice(start, oldEnd), room), next: cut(next.slice(start, nextEnd), room) };
}

const cut = (text: string, room: number): string =>
  text.length <= room
    ? text
    : `${text.slice(0, room).toWellFormed()}\n(${text.length - room} more characters)\n`;
