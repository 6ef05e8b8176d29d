import type { Attached } from "./draft.ts";

/** Bytes of one file (session-model 8), and of all files of one message: a body has at most 16 MiB (I-6), and base64 takes a third more. */
const FILE_BYTES = 10 * 1024 * 1024;
const ALL_BYTES = 11 * 1024 * 1024;

/** Files as data URLs, and a sentence for each that cannot go. */
export async function attach(
  files: Iterable<File>,
  before: readonly Attached[],
): Promise<{ attached: Attached[]; refused: string[] }> {
  const attached: Attached[] = [];
  const refused: string[] = [];
  let total = before.reduce((sum, { url }) => sum + url.length * 0.75, 0);
  for (const file of files) {
    if (file.size > FILE_BYTES) refused.push(`${file.name} has more than 10 MB.`);
    else if (total + file.size > ALL_BYTES)
      refused.push(`${file.name} does not fit: one message takes 11 MB.`);
    else {
      total += file.size;
      attached.push({ name: file.name, mime: mimeOf(file), url: await dataUrl(file) });
    }
  }
  return { attached, refused };
}

const mimeOf = (file: File): string => (file.type === "" ? "application/octet-stream" : file.type);

function dataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      const content = typeof reader.result === "string" ? reader.result : "";
      resolve(`data:${mimeOf(file)};base64,${content.slice(content.indexOf(",") + 1)}`);
    });
    reader.addEventListener("error", () => reject(reader.error ?? new Error(`${file.name} cannot be read.`)));
    reader.readAsDataURL(file);
  });
}
