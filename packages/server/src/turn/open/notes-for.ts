import { type Clock, type Logger, newId } from "@holdfast/kernel";
import { MAX_NAMED_PATHS, notePart, type TextPart } from "@holdfast/protocol";
import type { StartedTurn, Store } from "../../store/index.ts";
import { cutText } from "./cut-text.ts";

/** Most bytes of a path that is named. */
const PATH_BYTES = 500;

type Deps = { store: Pick<Store, "takeNotes">; clock: Clock; logger: Logger };

/**
 * What the session's agent is told once before the user's own words: the paths that the user rejected (W-6). Notes that cannot be read now
 * wait for the next turn, and this one goes on.
 */
export async function notesFor(
  { store, clock, logger }: Deps,
  { session, turn, message, epoch }: StartedTurn,
): Promise<TextPart | undefined> {
  try {
    const notes = await store.takeNotes({ sessionId: session.id, turnId: turn.id, epoch });
    const text = noteText(notes.flatMap(({ paths }) => paths));
    if (text === undefined) return undefined;
    const now = clock.now();
    return notePart({ id: newId("prt", now), sessionId: session.id, messageId: message.info.id }, text, now);
  } catch (error) {
    logger.warn({ sessionId: session.id, turnId: turn.id, error }, "notes for an agent could not be read");
    return undefined;
  }
}

/** The block that names rejected paths, at most `MAX_NAMED_PATHS`; `undefined` when there are none. */
export function noteText(rejected: readonly string[]): string | undefined {
  const paths = [...new Set(rejected)];
  if (paths.length === 0) return undefined;
  const rest = paths.length - MAX_NAMED_PATHS;
  return [
    "<holdfast-note>",
    "The user rejected your changes to these paths. Their former content was written back; read them again before you edit them:",
    ...paths.slice(0, MAX_NAMED_PATHS).map((path) => `  ${oneLine(path)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    "</holdfast-note>",
  ].join("\n");
}

/** A file's name can hold a newline, or an edge of the block. */
const oneLine = (path: string): string =>
  cutText(
    path.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").replaceAll(/<(\/?\s*)holdfast-/gi, "<$1holdfast "),
    PATH_BYTES,
  );
