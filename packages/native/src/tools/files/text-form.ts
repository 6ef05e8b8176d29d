/** How a text stands in its file: byte order mark and line ends. What a model writes has neither, and a change of it must not change them. */
import { isUtf8 } from "node:buffer";

export type TextForm = { bom: boolean; eol: "\n" | "\r\n" };

const BOM = "\ufeff";

/** Bytes that are looked at for NUL. */
const LOOKED_AT = 8_192;

export const isBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, LOOKED_AT).includes(0);

/** The text without its mark, line ends as they are; undefined for what is no text in UTF-8. */
export function decodeText(bytes: Uint8Array): { text: string; form: TextForm } | undefined {
  if (isBinary(bytes) || !isUtf8(bytes)) return undefined;
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const bom = whole.startsWith(BOM);
  const text = bom ? whole.slice(1) : whole;
  return { text, form: { bom, eol: mostlyCrlf(text) ? "\r\n" : "\n" } };
}

/** As bytes, with the mark of the form; line ends stay as they are given. */
export function encodeText(text: string, { bom }: Pick<TextForm, "bom">): Buffer {
  return Buffer.from(bom && !text.startsWith(BOM) ? BOM + text : text, "utf8");
}

/** As bytes, with mark and line ends of the form; a text that has `\r\n` itself keeps its own. */
export function encodeLike(text: string, form: TextForm): Buffer {
  return encodeText(form.eol === "\n" || text.includes("\r\n") ? text : text.replaceAll("\n", "\r\n"), form);
}

/** Whether more lines end in `\r\n` than in `\n` alone. */
function mostlyCrlf(text: string): boolean {
  let balance = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1))
    balance += text[at - 1] === "\r" ? 1 : -1;
  return balance > 0;
}
