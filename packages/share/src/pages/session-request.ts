import type { Comment, PublishedChange, SharedSession } from "@holdfast/protocol";
import type { PageAssets, SharedPageRequest } from "@holdfast/web";
import type { ShareCaller, ShareCalls } from "../service/index.ts";

/** Messages, changes and comments of one document; its script reads the rest. */
const MESSAGES = 100;
const PAGE = 100;
const MAX_CHANGES = 500;
const MAX_COMMENTS = 500;

/** Reads what one document shows. Rejects as the methods do. */
export async function sessionRequest(
  service: Pick<ShareCalls, "call">,
  from: { shared: SharedSession; before: string | undefined; caller: ShareCaller },
  assets: PageAssets,
): Promise<SharedPageRequest> {
  const { shared, before, caller } = from;
  const { shareId } = shared;
  const place = before === undefined ? {} : { before };
  const messages = await service.call("readMessages", {
    shareId,
    args: { limit: MESSAGES, ...place },
    caller,
  });
  const changes = await all<PublishedChange>(MAX_CHANGES, (page) =>
    service.call("readChanges", { shareId, args: page, caller }),
  );
  const comments = await all<Comment>(MAX_COMMENTS, (page) =>
    service.call("readComments", { shareId, args: page, caller }),
  );
  return {
    page: "session",
    assets,
    shared,
    messages: { items: messages.items, ...(messages.next === undefined ? {} : { next: messages.next }) },
    changes,
    comments: comments.toSorted((one, other) => one.time.created - other.time.created),
    isOlder: before !== undefined,
  };
}

/** Pages of a list until it ends, or there are enough. */
async function all<T>(
  most: number,
  read: (page: { limit: number; before?: string }) => Promise<{ items: T[]; next?: string | undefined }>,
): Promise<T[]> {
  const items: T[] = [];
  let before: string | undefined;
  do {
    const page = await read({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    items.push(...page.items);
    before = page.next;
  } while (before !== undefined && items.length < most);
  return items;
}
