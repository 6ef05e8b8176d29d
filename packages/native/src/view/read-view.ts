/** The session's rows as far as the model still gets them, read from the server. */
import type { Message, TurnId } from "@holdfast/protocol";
import type { Host } from "../host.ts";
import { filterCompacted } from "./filter-compacted.ts";

/** Turns of one page: one may hold tens of megabytes. */
const PAGE = 4;

/** Characters of rows that are read at most: more than fits any model. What is older is left out until a summary stands for it. */
export const MOST_CHARACTERS = 32 * 1024 * 1024;

export const readView = (host: Pick<Host, "history">): Promise<Message[]> =>
  filterCompacted(newestFirst(host));

/**
 * All delivered messages of the session, newest first, by their ordinal. Pages hold turns, and a message that went into a running turn is one of
 * its own there: it stands among the answers of that turn, where it was delivered.
 */
export async function* newestFirst(host: Pick<Host, "history">): AsyncGenerator<Message> {
  let before: TurnId | undefined;
  let characters = 0;
  let waiting: Message[] = [];
  for (;;) {
    const page = await host.history({ after: 0, limit: PAGE, ...(before === undefined ? {} : { before }) });
    for (const { turn, messages } of page) {
      before = turn.id;
      waiting.push(...messages.filter(({ info }) => info.ordinal !== undefined));
      if (turn.mergedInto !== undefined) continue;
      waiting.sort((a, b) => (b.info.ordinal ?? 0) - (a.info.ordinal ?? 0));
      for (const message of waiting) {
        characters += JSON.stringify(message.parts).length;
        if (characters > MOST_CHARACTERS) return;
        yield message;
      }
      waiting = [];
    }
    if (page.length < PAGE) return;
  }
}
