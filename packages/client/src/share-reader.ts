/** What the holder of a ref may ask of a share service (S-11, S-25): one call for each method that needs no more than a link. */
import {
  browserTokenSchema,
  type RedeemedShare,
  redeemedShareSchema,
  SHARE_METHODS,
  type ShareArgs,
  type ShareMethod,
  type ShareResult,
} from "@holdfast/protocol";
import { at, type CallOptions } from "./call.ts";
import { type ShareStreamItem, type ShareStreamOptions, streamShare } from "./stream-share.ts";
import { createTransport, type Shape, type Transport, type TransportConfig } from "./transport.ts";

/** Messages, changes or comments of one answer. */
const PAGE = 100;
/** Changes that are read of one share; a page shows no more. */
const MAX_CHANGES = 2_000;
/** How long the content of a blob may take, in ms. */
const BLOB_MS = 120_000;

export type ShareReader = ReturnType<typeof createShareReader>;

/** A reader at the service at `url`; `token` is the secret of a ref. `shareId` is the share it is of. */
export function createShareReader(config: TransportConfig & { shareId: string }) {
  const { shareId } = config;
  const transport = createTransport(config);
  const call = caller(transport, shareId);
  return {
    shareId,
    readSession: (options?: CallOptions) => call("readSession", {}, options),
    /** Newest page first, in the order of the session; `before` takes an answer's `next`. */
    readMessages: (args: { before?: string | undefined } = {}, options?: CallOptions) =>
      call("readMessages", { limit: PAGE, ...given(args) }, options),
    /** All changes, as far as a page shows them. */
    readChanges: async (options?: CallOptions) => {
      const items: ShareResult<"readChanges">["items"] = [];
      let before: string | undefined;
      do {
        const page = await call("readChanges", { limit: PAGE, ...given({ before }) }, options);
        items.push(...page.items);
        before = page.next;
      } while (before !== undefined && items.length < MAX_CHANGES);
      return items;
    },
    readComments: (args: { before?: string | undefined } = {}, options?: CallOptions) =>
      call("readComments", { limit: PAGE, ...given(args) }, options),
    /** Repeatable: the same id is the same comment. */
    comment: (args: ShareArgs<"comment">, options?: CallOptions) => call("comment", args, options),
    /** The whole content of a file of the share, by the SHA-256 of its bytes in hex. One try. */
    readBlob: async (hash: string, options: { signal?: AbortSignal } = {}) => {
      const signal = options.signal ?? AbortSignal.timeout(BLOB_MS);
      const response = await transport.open(at("shares", shareId, "blobs", hash), { signal });
      return new Uint8Array(await response.arrayBuffer());
    },
    stream: (options: Omit<ShareStreamOptions, "shareId">): AsyncGenerator<ShareStreamItem> =>
      streamShare(transport, { ...options, shareId }),
  };
}

function given<T extends Record<string, string | undefined>>(args: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

/** Sends a method as REST has it: what it is given stands in the query of a GET, else in the body. */
function caller({ send }: Transport, shareId: string) {
  return async <M extends ShareMethod>(
    method: M,
    args: ShareArgs<M>,
    options?: CallOptions,
  ): Promise<ShareResult<M>> => {
    const { http, result } = SHARE_METHODS[method];
    const [verb, path] = http.split(" ") as ["GET" | "POST" | "PATCH" | "DELETE", string];
    const place = path.replace(":shareId", encodeURIComponent(shareId));
    const sent = verb === "GET" ? { query: args as Record<string, string | number> } : { body: args };
    const { value } = await send(verb, place, result as unknown as Shape<ShareResult<M>>, {
      ...options,
      ...sent,
    });
    return value;
  };
}

/** The share that a ref is of, for links, which name none. Rejects REF_NOT_VALID. */
export async function redeemLink(config: TransportConfig & { token: string }): Promise<RedeemedShare> {
  const { send } = createTransport(config);
  return (await send("POST", at("links", "redeem"), redeemedShareSchema, { body: {} })).value;
}

/** The list of a publish key's shares. */
export type ShareList = {
  /** Newest first; `before` takes an answer's `next`. */
  list: (args?: { before?: string | undefined }, options?: CallOptions) => Promise<ShareResult<"listShares">>;
};

/** All shares of a publish key, for a page that was opened with a one-time code: the key itself never comes into a browser (S-35). */
export async function openShareList(config: TransportConfig & { code: string }): Promise<ShareList> {
  const { code, ...rest } = config;
  const opened = await createTransport(rest).send("POST", at("auth", "browser"), browserTokenSchema, {
    body: { code },
  });
  const { send } = createTransport({ ...rest, token: opened.value.token });
  const { result } = SHARE_METHODS.listShares;
  return {
    list: async (args = {}, options) =>
      (await send("GET", at("listing"), result, { ...options, query: { limit: PAGE, ...given(args) } }))
        .value,
  };
}
