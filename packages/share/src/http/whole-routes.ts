/** The older surface (S-10): one secret for a share, whole rows, reading by id. */
import { readJson, shapeRefusal } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import { refSecretSchema, SHARE_METHODS } from "@holdfast/protocol";
import { z } from "zod";
import { type HttpCall, type HttpRoute, ok } from "./call.ts";
import { WHOLE_BYTES } from "./method-routes.ts";

const createSchema = z.strictObject({
  /** Anybody who knows the id may read. */
  public: z.boolean().default(false),
});
const syncSchema = SHARE_METHODS.syncShare.args.extend({ secret: refSecretSchema });
const deleteSchema = z.strictObject({ secret: refSecretSchema });

export const WHOLE_ROUTES: readonly HttpRoute[] = [
  { method: "POST", path: "/api/share", run: create },
  { method: "POST", path: "/api/share/:id/sync", run: sync },
  { method: "GET", path: "/api/share/:id", run: show },
  { method: "GET", path: "/api/share/:id/data", run: async (call) => ok((await whole(call)).data) },
  { method: "DELETE", path: "/api/share/:id", run: remove },
  { method: "GET", path: "/api/sessions", run: list },
];

async function bodyOf<T>(schema: z.ZodType<T>, { incoming, clock }: HttpCall): Promise<T> {
  const parsed = schema.safeParse((await readJson(incoming, clock, WHOLE_BYTES)) ?? {});
  if (parsed.success) return parsed.data;
  throw shapeRefusal(parsed.error, "body");
}

async function create(call: HttpCall) {
  const { public: isPublic } = await bodyOf(createSchema, call);
  return ok(await call.service.createWhole(call.caller, { isPublic }));
}

/** The secret stands in the body here, so it is the caller. */
async function sync(call: HttpCall) {
  const { secret, ...args } = await bodyOf(syncSchema, call);
  const caller = { bearer: secret, peer: call.caller.peer };
  return ok(await call.service.callNamed("syncShare", { shareId: call.params["id"], args, caller }));
}

async function remove(call: HttpCall) {
  const { secret } = await bodyOf(deleteSchema, call);
  const caller = { bearer: secret, peer: call.caller.peer };
  return ok(await call.service.callNamed("revokeShare", { shareId: call.params["id"], args: {}, caller }));
}

async function whole({ service, params, caller }: HttpCall) {
  const share = await service.readWhole(params["id"] ?? "", caller);
  if (share === undefined)
    throw new HoldfastError("REF_NOT_VALID", "This share is not there, or cannot be read by this ref.");
  return share;
}

async function show(call: HttpCall) {
  const { id, title, time, isPublic } = await whole(call);
  return ok({ id, title, time, public: isPublic });
}

async function list({ service, caller, query }: HttpCall) {
  const args = query["before"] === undefined ? {} : { before: query["before"] };
  const { items, next } = await service.call("listShares", { args, caller });
  const shown = items
    .filter(({ state }) => state === "live")
    .map(({ id, title, time }) => ({ id, title, time }));
  return ok({ items: shown, ...(next === undefined ? {} : { next }) });
}
