/**
 * What a ref on a session of this Holdfast offers (S-11, S-14): one table for REST, capnweb and calls that are stored before they are sent (S-27). `http`
 * is the route that does it: names of `args` that stand in its path go there, and the others are its query or its body.
 */
import { z } from "zod";
import { changeListSchema } from "../change.ts";
import { admittedSchema, messageListSchema, permissionListSchema } from "../http.ts";
import { idSchema, inputIdSchema, permissionIdSchema, sessionIdSchema, turnIdSchema } from "../id.ts";
import { inputPartSchema } from "../input.ts";
import { permissionReplySchema, permissionSchema } from "../permission.ts";
import { sessionSchema } from "../session.ts";
import { turnSchema } from "../turn.ts";
import type { Right } from "./grant.ts";
import {
  addCommentSchema,
  attenuateRefSchema,
  createdRefSchema,
  sessionCommentListSchema,
  sessionCommentSchema,
  redeemedRefSchema,
  refAuditSchema,
  refListSchema,
  revokedRefSchema,
  revokeRefSchema,
} from "./ref-http.ts";

const onSession = { sessionId: sessionIdSchema };
const page = {
  limit: z.int().min(1).max(200).optional(),
  before: z.string().max(256).optional(),
};

/** Parts of an input through a ref: text, and content that comes with it (S-14). */
const REF_PARTS = 32;

type Method = { access: Right; http: string; args: z.ZodObject; result: z.ZodType; mutates: boolean };

export const REF_METHODS = {
  redeem: {
    access: "read",
    http: "POST /api/refs/redeem",
    args: z.strictObject({}),
    result: redeemedRefSchema,
    mutates: false,
  },
  readSession: {
    access: "read",
    http: "GET /api/sessions/:sessionId",
    args: z.strictObject(onSession),
    result: sessionSchema,
    mutates: false,
  },
  readMessages: {
    access: "read",
    http: "GET /api/sessions/:sessionId/messages",
    args: z.strictObject({ ...onSession, ...page, after: z.string().max(256).optional() }),
    result: messageListSchema,
    mutates: false,
  },
  readChanges: {
    access: "read",
    http: "GET /api/sessions/:sessionId/changes",
    args: z.strictObject(onSession),
    result: changeListSchema,
    mutates: false,
  },
  readPermissions: {
    access: "read",
    http: "GET /api/permissions",
    args: z.strictObject({ state: permissionSchema.shape.state.optional() }),
    result: permissionListSchema,
    mutates: false,
  },
  readTurn: {
    access: "read",
    http: "GET /api/turns/:turnId",
    args: z.strictObject({ turnId: turnIdSchema }),
    result: turnSchema,
    mutates: false,
  },
  readComments: {
    access: "read",
    http: "GET /api/sessions/:sessionId/comments",
    args: z.strictObject({ ...onSession, ...page }),
    result: sessionCommentListSchema,
    mutates: false,
  },
  comment: {
    access: "comment",
    http: "POST /api/sessions/:sessionId/comments",
    args: addCommentSchema.extend(onSession),
    result: sessionCommentSchema,
    mutates: true,
  },
  prompt: {
    access: "prompt",
    http: "POST /api/sessions/:sessionId/inputs",
    args: z.strictObject({ ...onSession, parts: z.array(inputPartSchema).min(1).max(REF_PARTS) }),
    result: admittedSchema,
    mutates: true,
  },
  /** Takes an own input out of the queue again. */
  withdraw: {
    access: "prompt",
    http: "DELETE /api/inputs/:inputId",
    args: z.strictObject({ inputId: inputIdSchema }),
    result: z.undefined(),
    mutates: true,
  },
  /** Stops an own turn. */
  cancel: {
    access: "prompt",
    http: "POST /api/turns/:turnId/cancel",
    args: z.strictObject({ turnId: turnIdSchema }),
    result: turnSchema,
    mutates: true,
  },
  approve: {
    access: "approve",
    http: "POST /api/permissions/:permissionId/reply",
    args: z.strictObject({
      permissionId: permissionIdSchema,
      reply: permissionReplySchema.exclude(["always"]),
    }),
    result: permissionSchema,
    mutates: true,
  },
  attenuate: {
    access: "share",
    http: "POST /api/refs/:parentId/attenuate",
    args: z.strictObject({ ...attenuateRefSchema.shape, parentId: idSchema("ref") }),
    result: createdRefSchema,
    mutates: true,
  },
  /** With any right its own, which is to drop it; with `share` those below it; with `admin` every ref of the session. */
  revoke: {
    access: "read",
    http: "POST /api/refs/:refId/revoke",
    args: revokeRefSchema.extend({ refId: idSchema("ref") }),
    result: revokedRefSchema,
    mutates: true,
  },
  listRefs: {
    access: "share",
    http: "GET /api/refs",
    args: z.strictObject(page),
    result: refListSchema,
    mutates: false,
  },
  readAudit: {
    access: "admin",
    http: "GET /api/refs/:refId/audit",
    args: z.strictObject({ refId: idSchema("ref"), ...page }),
    result: refAuditSchema,
    mutates: false,
  },
} as const satisfies Record<string, Method>;

export type RefMethod = keyof typeof REF_METHODS;
export type RefArgs<M extends RefMethod> = z.input<(typeof REF_METHODS)[M]["args"]>;
export type RefResult<M extends RefMethod> = z.infer<(typeof REF_METHODS)[M]["result"]>;

/** Methods that change something: what a call of one does is done once, however often it comes under the same operation id (S-27). */
export type MutatingRefMethod = {
  [M in RefMethod]: (typeof REF_METHODS)[M]["mutates"] extends true ? M : never;
}[RefMethod];

/** The request that a call is over HTTP: the same for every way it comes. The arguments were checked. */
export function refRequest(
  method: RefMethod,
  args: Readonly<Record<string, unknown>>,
): {
  method: "GET" | "POST" | "DELETE";
  path: string;
  body?: Record<string, unknown>;
  query: Record<string, string>;
} {
  const [verb = "GET", pattern = ""] = REF_METHODS[method].http.split(" ");
  const rest: Record<string, unknown> = { ...args };
  const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return encodeURIComponent(value);
  });
  if (verb === "POST") return { method: "POST", path, body: rest, query: {} };
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    method: verb === "DELETE" ? "DELETE" : "GET",
    path,
    query: Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
  };
}
