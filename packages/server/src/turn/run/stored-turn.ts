import type { Message } from "@holdfast/protocol";
import type { StartedTurn, Store } from "../../store/index.ts";

/** Messages of one page: whoever reads after each step finds what it looks for on the first. */
const PAGE = 8;

/** What stands in the history since the turn began, or from the message `from` on, in order: also what people said meanwhile, which has turns of its own (D-6). */
export async function storedTurn(
  store: Pick<Store, "pageMessages">,
  { session, message }: Pick<StartedTurn, "session" | "message">,
  from?: string,
): Promise<Message[]> {
  let messages: Message[] = [];
  let before: number | undefined;
  do {
    const query = { sessionId: session.id, limit: PAGE, ...(before === undefined ? {} : { before }) };
    const page = await store.pageMessages(query);
    messages = [...page.items, ...messages];
    const first = messages.findLastIndex(({ info }) => info.id === from || info.id === message.info.id);
    if (first !== -1) return messages.slice(first);
    before = page.next;
  } while (before !== undefined);
  return messages;
}
