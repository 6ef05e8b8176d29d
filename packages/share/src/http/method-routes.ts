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

export const METHOD_ROUTES: readonly HttpRoute[] = (Object.keys(SHARE_METHODS) as ShareMethod[]).map(
  (name) => {
    const [method = "", path = ""] = SHARE_METHODS[name].http.split(" ");
    return {
      method,
      path,
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
