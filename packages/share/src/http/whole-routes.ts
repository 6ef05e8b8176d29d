/** The older surface (S-10): one secret for a share, whole rows, reading by id. */
import { readJson, shapeRefusal } from "@holdfast/edge";
import { HoldfastError } from "@holdfast/kernel";
import { idSchema, refSecretSchema, SHARE_METHODS, timeSchema, wholeRowSchema } from "@holdfast/protocol";
import { z } from "zod";
import { type HttpCall, type HttpRoute, ok } from "./call.ts";
import { WHOLE_BYTES } from "./method-routes.ts";

const createSchema = z.strictObject({
  /** Anybody who knows the id may read. */
  public: z.boolean().default(false),
});
const syncSchema = SHARE_METHODS.syncShare.args.extend({ secret: refSecretSchema });
const deleteSchema = z.strictObject({ secret: refSecretSchema });

const { result: goneSchema } = SHARE_METHODS.revokeShare;
const { result: syncedSchema } = SHARE_METHODS.syncShare;
const madeSchema = z.object({ id: idSchema("shr"), secret: refSecretSchema });
const shownSchema = z.object({
  id: idSchema("shr"),
  title: z.string(),
  time: z.object({ created: timeSchema, updated: timeSchema }),
  public: z.boolean(),
});
const listSchema = z.object({
  items: z.array(shownSchema.omit({ public: true })),
  next: z.string().optional(),
});

export const WHOLE_ROUTES: readonly HttpRoute[] = [
  {
    method: "POST",
    path: "/api/share",
    name: "createWholeShare",
    summary: "Make a share of the older kind, which is written by whole rows",
    bearer: "publishKey",
    body: { schema: createSchema },
    answer: {
      status: 200,
      description: "The share, with the secret that writes and removes it",
      schema: madeSchema,
    },
    run: create,
  },
  {
    method: "POST",
    path: "/api/share/:id/sync",
    name: "syncWholeShare",
    summary: "Write rows of it; the secret stands in the body",
    bearer: "none",
    body: { schema: syncSchema },
    answer: { status: 200, description: "Written", schema: syncedSchema },
    run: sync,
  },
  {
    method: "GET",
    path: "/api/share/:id",
    name: "showWholeShare",
    summary: "What it is; a public one for everybody",
    bearer: "ref",
    answer: { status: 200, description: "The share", schema: shownSchema },
    run: show,
  },
  {
    method: "GET",
    path: "/api/share/:id/data",
    name: "readWholeShare",
    summary: "Every row of it; a public one for everybody",
    bearer: "ref",
    answer: { status: 200, description: "Rows", schema: z.array(wholeRowSchema) },
    run: async (call) => ok((await whole(call)).data),
  },
  {
    method: "DELETE",
    path: "/api/share/:id",
    name: "removeWholeShare",
    summary: "Take it back; the secret stands in the body",
    bearer: "none",
    body: { schema: deleteSchema },
    answer: { status: 200, description: "It is gone", schema: goneSchema },
    run: remove,
  },
  {
    method: "GET",
    path: "/api/sessions",
    name: "listWholeShares",
    summary: "List the shares of a publish key that can be read",
    bearer: "publishKey",
    query: z.strictObject({ before: z.string().max(256).optional() }),
    answer: { status: 200, description: "Shares", schema: listSchema },
    run: list,
  },
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
