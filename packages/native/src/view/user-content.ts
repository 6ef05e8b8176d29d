/** What a user message says to the model: what the server wrote before the user's own words first, then these (session-model 8, 10, 12). */
import { fileURLToPath } from "node:url";
import {
  type FilePart,
  isHandoffPart,
  isNotePart,
  isOwnWorkPart,
  isSubtasksPart,
  isTextMime,
  linesOf,
  type Part,
} from "@holdfast/protocol";
import type { FilePart as SentFile, TextPart as SentText } from "ai";
import { hashOf, mediaPart, mediumOf } from "./media.ts";
import type { ViewOptions } from "./options.ts";
import type { Asked } from "./row.ts";
import { attached, WORDS } from "./words.ts";

type Sent = SentText | SentFile;

/** Characters of one attached text file that are given; the rest is left out and said so. */
export const TEXT_FILE = 128 * 1024;

const DIRECTORY = "application/x-directory";

/** Nothing where the message says nothing to a model. */
export async function userContent({ parts }: Asked, options: ViewOptions): Promise<Sent[]> {
  const isFirst = (part: Part) => isNotePart(part) || isSubtasksPart(part);
  const ordered = [...parts.filter(isFirst), ...parts.filter((part) => !isFirst(part))];
  const hasReport = parts.some(isSubtasksPart);
  const sent: Sent[] = [];
  for (const part of ordered) sent.push(...(await sentOf(part, hasReport, options)));
  return sent;
}

async function sentOf(part: Part, hasReport: boolean, options: ViewOptions): Promise<Sent[]> {
  switch (part.type) {
    case "text":
      if (isOwnWorkPart(part)) return [text(WORDS.ownWork)];
      // Of what a handoff tells to another agent, the view has the turns themselves.
      if (part.ignored === true || part.text === "" || isHandoffPart(part)) return [];
      return [text(part.text)];
    case "file":
      return [await fileSent(part, options)];
    case "agent":
      return [
        text(`[The user names the agent ${part.name}: give it its part of the work by the tool task.]`),
      ];
    case "subtask":
      if (hasReport) return [];
      return [
        text(`The following was to be done by ${part.agent}, and no report of it came:\n${part.prompt}`),
      ];
    default:
      return [];
  }
}

const text = (words: string): SentText => ({ type: "text", text: words });

async function fileSent(part: FilePart, options: ViewOptions): Promise<Sent> {
  const { mime, filename } = part;
  const medium = mediumOf(mime);
  const hash = hashOf(part);
  if (hash === undefined) return text(referenceText(part));
  if (medium !== undefined) return mediaPart(part, medium, options);
  if (!isTextMime(mime)) return text(attached(mime, filename, ", of a kind that is not given to you"));
  const bytes = await options.blob(hash);
  if (bytes === undefined) return text(attached(mime, filename, ", which is not stored here"));
  return text(fileText(filename ?? "file", new TextDecoder().decode(bytes)));
}

function fileText(name: string, content: string): string {
  const shown = content.slice(0, TEXT_FILE);
  const note =
    shown.length < content.length
      ? `\n[The rest is left out: ${content.length - shown.length} characters.]`
      : "";
  return `<file name=${JSON.stringify(name)}>\n${shown}${note}\n</file>`;
}

/** Files of the workspace may change at any time: the model is told where they are, and reads them by its tools. */
function referenceText(part: FilePart): string {
  const { url, mime, source } = part;
  if (!url.startsWith("file:")) return attached(mime, part.filename ?? url, `, at ${url}`);
  const path = source?.type === "file" || source?.type === "symbol" ? source.path : pathOf(url);
  if (mime === DIRECTORY) return `[The user names the directory ${path}.]`;
  const lines = linesOf(url);
  const end = lines?.end === undefined ? "to the end" : `to ${lines.end}`;
  const where = lines === undefined ? "" : `, lines ${lines.start} ${end}`;
  const what = source?.type === "symbol" ? `${source.name} in the file ${path}` : `the file ${path}`;
  return `[The user names ${what}${where}. Read it where it matters.]`;
}

function pathOf(url: string): string {
  const [file = url] = url.split(/[?#]/);
  try {
    return fileURLToPath(file);
  } catch {
    return file;
  }
}
