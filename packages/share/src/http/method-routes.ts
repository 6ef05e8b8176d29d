/** A route for each method of `SHARE_METHODS`, made of the table: its place, its credential as bearer, its arguments as body or, where it reads, as query. */
import { readJson } from "@holdfast/edge";
import { MAX_BATCH_BYTES, SHARE_METHODS, type ShareMethod } from "@holdfast/protocol";
import { type HttpCall, type HttpRoute, ok } from "./call.ts";

/** Bytes of a body: a batch with its envelopes; whole rows, as the older surface takes them (S-10); anything else. */
const BATCH_BYTES = 4 * MAX_BATCH_BYTES;
export const WHOLE_BYTES = 10 * 1024 * 1024;
const OTHER_BYTES = 256 * 1024;

const limitOf = (method: ShareMethod): number =>
  method === "appendOps" ? BATCH_BYTES : method === "syncShare" ? WHOLE_BYTES : OTHER_BYTES;

const SUMMARIES: Readonly<Record<ShareMethod, string>> = {
  createShare: "Make a share with the grants of its publisher; the same again answers the same share",
  listShares: "List the shares that were made with a key, newest first",
  revokeShare: "Take a share back for good: what it held goes, its id stays taken",
  confirmShare: "Show a share again that a restore of the service hid",
  updateShare: "Change the title or the expiry of a share",
  redeemShare: "What a ref allows, and where the share is",
  hello: "Where the streams of a share are",
  openWriter: "Become the one writer of a share",
  beginStream: "Begin a stream beside the one that readers see",
  commitStream: "Make a stream what readers see",
  appendOps: "Append a batch of operations, all or nothing",
  syncShare: "Write whole rows, in any order, the last one wins",
  bumpEpoch: "End every ref of before, and make the owner's anew",
  readSession: "The session, its models and its usage",
  readMessages: "Messages with their parts, by pages, the newest first",
  readChanges: "Changes with their patches, by pages",
  readComments: "Comments, newest first",
  comment: "Comment on a message or a change",
  attenuate: "Make a narrower ref below one's own",
  listRefs: "List refs: all of the share, or one's own and those below it",
  revokeCapability: "End a ref and all below it",
  readAudit: "Who did and read what, newest first",
};

/** What a publish key may do with the shares that were made with it. */
const KEY_MAY: ReadonlySet<ShareMethod> = new Set([
  "revokeShare",
  "confirmShare",
  "updateShare",
  "hello",
  "bumpEpoch",
  "listRefs",
  "revokeCapability",
  "readAudit",
]);

const bearerFor = (name: ShareMethod): HttpRoute["bearer"] =>
  SHARE_METHODS[name].access === "publishKey" ? "publishKey" : KEY_MAY.has(name) ? "anyOfThem" : "ref";

export const METHOD_ROUTES: readonly HttpRoute[] = (Object.keys(SHARE_METHODS) as ShareMethod[]).map(
  (name) => {
    const [method, path] = SHARE_METHODS[name].http.split(" ") as [HttpRoute["method"], string];
    const { args: schema, result } = SHARE_METHODS[name];
    return {
      method,
      path,
      name,
      summary: SUMMARIES[name],
      bearer: bearerFor(name),
      ...(method === "GET" ? { query: schema } : { body: { schema } }),
      answer: { status: 200, description: "Done", schema: result },
      run: async (call) => {
        const args =
          method === "GET" ? argsOf(call.query) : await readJson(call.incoming, call.clock, limitOf(name));
        const { shareId } = call.params;
        return ok(await call.service.callNamed(name, { shareId, args, caller: call.caller }));
      },
    };
  },
);

/** A query says numbers as digits. */
function argsOf(query: HttpCall["query"]): Record<string, unknown> {
  const { limit, ...rest } = query;
  return limit === undefined ? rest : { ...rest, limit: /^\d{1,9}$/.test(limit) ? Number(limit) : limit };
}
