import type { Credential, RefCredential } from "@holdfast/edge";
import { type HoldfastError, newId } from "@holdfast/kernel";
import { LIVE_RIGHTS, messageSchema, type Right, sessionEventSchema } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACTIONS, authorize } from "../../src/http/authorize.ts";
import { openApiDocument } from "../../src/http/index.ts";
import { ROUTES } from "../../src/http/routes/index.ts";
import { ServerUnderTest } from "./server-under-test.ts";

type Operation = {
  operationId: string;
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { content?: Record<string, { schema: Record<string, unknown> }> }>;
  parameters?: { in: string; name: string }[];
};
type Document = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
};

function faultsOf(path: string, operation: Operation): string[] {
  const faults: string[] = [];
  const { default: problem, ...answers } = operation.responses;
  const inPath = (operation.parameters ?? [])
    .filter((one) => one.in === "path")
    .map((one) => `{${one.name}}`);
  if (inPath.join() !== (path.match(/\{\w+\}/g) ?? []).join()) faults.push("path parameters");
  if (problem?.content?.["application/problem+json"]?.schema === undefined) faults.push("problem");
  if (Object.keys(answers).length === 0) faults.push("no answer");
  for (const [status, answer] of Object.entries(answers))
    if (status !== "204" && Object.values(answer.content ?? {})[0]?.schema === undefined) faults.push(status);
  return faults.map((fault) => `${operation.operationId}: ${fault}`);
}

const BROWSER = {
  kind: "browser",
  id: "tok_00000000000000000000000000" as never,
  actor: { id: "tok", kind: "browser", label: "Browser" },
  expires: Number.MAX_SAFE_INTEGER,
} as const;

const refWith = (right: Right): RefCredential => ({
  kind: "ref",
  id: newId("ref"),
  actor: { id: "ref", kind: "ref", label: "Ref" },
  expires: Infinity,
  sessionId: newId("ses"),
  rights: [right],
  caveats: {},
  isExhausted: false,
});

async function allowedTo(credential: Credential): Promise<string[]> {
  const allowed: string[] = [];
  for (const action of Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]) {
    const actor = authorize(credential, action, { kind: "server" }, () => Promise.resolve(undefined));
    if ((await actor.catch(() => undefined)) !== undefined) allowed.push(action);
  }
  return allowed;
}

describe("the table of routes", () => {
  let server: ServerUnderTest;
  let document: Document;
  beforeAll(async () => {
    server = await ServerUnderTest.start();
    document = (await openApiDocument("1.2.3")) as Document;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const example = (path: string): string => path.replace(/:\w+/g, "ses_00000000000000000000000000");

  test("[I-21] every route declares a known action, and every action has a route", () => {
    for (const route of ROUTES)
      expect(ACTIONS, `${route.method} ${route.path}`).toHaveProperty([route.action]);
    const used = new Set(ROUTES.map((route) => route.action));
    expect(Object.keys(ACTIONS).filter((action) => !used.has(action as never))).toEqual([]);
  });

  test("[I-21] without a credential only health, a proof and the exchange of a code are served", async () => {
    const open: string[] = [];
    for (const route of ROUTES) {
      const headers = { "content-type": "application/json" };
      const body = route.method === "GET" ? {} : { body: "{}" };
      const response = await fetch(server.url + example(route.path), {
        method: route.method,
        headers,
        ...body,
      });
      if (response.status !== 401) open.push(`${route.method} ${route.path}`);
      await response.body?.cancel();
    }
    expect(open).toEqual(["GET /api/health", "GET /api/auth/proof", "POST /api/auth/browser"]);
  });

  test("[I-6] a browser may do everything but make and list ways in", async () => {
    expect(await allowedTo(BROWSER)).toEqual(
      Object.keys(ACTIONS).filter((action) => action !== "access.manage"),
    );
  });

  test("[S-14] each right of a ref allows these actions, beside those for anybody, and no other", async () => {
    const open = ["health.read", "access.exchange", "server.prove"];
    const byRight = Object.fromEntries(
      await Promise.all(
        LIVE_RIGHTS.map(async (right) => {
          const allowed = await allowedTo(refWith(right));
          return [right, allowed.filter((action) => !open.includes(action))] as const;
        }),
      ),
    );
    expect(byRight).toEqual({
      read: [
        "session.list",
        "session.read",
        "session.stream",
        "input.read",
        "turn.read",
        "message.read",
        "blob.read",
        "permission.read",
        "question.read",
        "change.ofSession",
        "feed.stream",
        "comment.read",
        "ref.redeem",
        "ref.read",
        "ref.revoke",
      ],
      comment: ["comment.add"],
      prompt: ["input.admit", "input.remove", "turn.cancel"],
      approve: ["permission.reply"],
      share: ["ref.list", "ref.attenuate"],
      admin: ["session.change", "session.delete", "ref.renew", "ref.audit"],
    });
  });

  test("[I-21] a ref gets NOT_FOUND for whatever is of another session, and FORBIDDEN for what no right allows", async () => {
    const mine = newId("ses");
    const ref = { ...refWith("read"), rights: LIVE_RIGHTS, sessionId: mine };
    const answers = new Map<string, string>();
    for (const { method, path, action, on } of ROUTES) {
      const target = path.includes(":id") ? { kind: on, id: newId("ses") } : { kind: on };
      const code = await authorize(ref, action, target, () => Promise.resolve(newId("ses"))).then(
        () => "allowed",
        (error: HoldfastError) => error.code,
      );
      answers.set(`${method} ${path}`, code);
    }
    const allowed = [...answers].filter(([, code]) => code === "allowed").map(([route]) => route);
    expect(allowed).toEqual([
      "GET /api/health",
      "GET /api/auth/proof",
      "POST /api/auth/browser",
      // Lists, which answer what is of the ref's own session, and what is about the ref itself.
      "GET /api/sessions",
      "GET /api/events",
      "GET /api/permissions",
      "GET /api/questions",
      "GET /api/refs",
      "POST /api/refs/redeem",
    ]);
    expect(new Set(answers.values())).toEqual(new Set(["allowed", "NOT_FOUND", "FORBIDDEN"]));
    const own = { kind: "session", id: mine } as const;
    expect((await authorize(ref, "session.read", own, () => Promise.resolve(undefined))).kind).toBe("ref");
  });

  test("[I-1] no route is without a description, and the description has no other", () => {
    expect(document.openapi).toBe("3.1.0");
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = ROUTES.map((route) => `${route.method} ${route.path.replace(/:(\w+)/g, "{$1}")}`);
    expect(described.sort()).toEqual(served.sort());
  });

  test("[I-1] every operation has its own name, its path parameters, a schema for each answer and the problem", () => {
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.values(item).map((operation) => ({ path, operation })),
    );
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    expect(operations.flatMap(({ path, operation }) => faultsOf(path, operation))).toEqual([]);
  });

  test("[I-1] every reference in the document leads somewhere", () => {
    const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g);
    const names = new Set([...references].map((match) => match[1]));
    expect(names.size).toBeGreaterThan(30);
    for (const name of names) {
      expect(name).toMatch(/^#\/components\/schemas\//);
      expect(document.components.schemas).toHaveProperty([name?.replace("#/components/schemas/", "") ?? ""]);
    }
  });

  test("[I-1] the document is served, and is the one that is written to the repository", async () => {
    expect(await server.call("GET", "/api/openapi.json")).toEqual(
      JSON.parse(JSON.stringify(await openApiDocument("0.0.0-test"))),
    );
  });

  test("[D-25] what a stream and a history send fits the published schemas", async () => {
    const id = await server.createSession();
    await server.call("POST", `/api/sessions/${id}/inputs`, { parts: [{ type: "text", text: "hello" }] });
    const started = await server.startTurn(id);
    await server.endTurn(started, { state: "completed", finish: "stop" });
    const page = await server.store.replaySession({ sessionId: id, after: 0, limit: 500 });
    const response = await server.fetch(`/api/sessions/${id}/events?after=0`);
    const reader = response.body?.getReader();
    let text = "";
    while (!text.includes("event: caught-up"))
      text += new TextDecoder().decode((await reader?.read())?.value as Uint8Array<ArrayBuffer> | undefined);
    await reader?.cancel();
    const events = [...text.matchAll(/^id: .*\nevent: .*\ndata: (.*)$/gm)].map(
      (match) => JSON.parse(match[1] ?? "") as unknown,
    );
    expect(events).toHaveLength(page.events.length);
    for (const event of events) expect(sessionEventSchema.safeParse(event).error).toBeUndefined();
    const { items } = await server.call<{ items: unknown[] }>("GET", `/api/sessions/${id}/messages`);
    expect(items).toHaveLength(2);
    for (const item of items) expect(messageSchema.safeParse(item).error).toBeUndefined();
  });
});
