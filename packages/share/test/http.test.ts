import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { newId, silentLogger, systemClock } from "@holdfast/kernel";
import { SHARE_METHODS } from "@holdfast/protocol";
import { createShareHttp } from "@holdfast/share";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BESIDE_ROUTES } from "../src/http/beside-routes.ts";
import { createPages } from "../src/pages/index.ts";
import { delta, ids, KEY, message, Publisher, session, text, world, type World } from "./share-fixture.ts";

let server: Server;
let origin: string;
let target: World;

beforeAll(async () => {
  target = world();
  const answer = createShareHttp({
    service: target.service,
    addressOf: () => "192.0.2.7",
    clock: systemClock,
    logger: silentLogger,
  });
  server = createServer((incoming, outgoing) => {
    outgoing.setHeader("x-request-id", "1");
    void answer(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await target.service.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

type Sent = { method?: string; bearer?: string; body?: unknown; headers?: Record<string, string> };

function send(path: string, { method = "GET", bearer, body, headers = {} }: Sent = {}): Promise<Response> {
  const isRaw = Buffer.isBuffer(body);
  return fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { "content-type": isRaw ? "image/svg+xml" : "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isRaw ? new Uint8Array(body) : JSON.stringify(body) }),
  });
}

test("[S-11] every method has a route of its own, with the place that the table says", async () => {
  const { ROUTES } = await import("../src/http/index.ts");
  const places = ROUTES.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(places).size).toBe(places.length);
  for (const { http } of Object.values(SHARE_METHODS)) expect(places).toContain(http);
});

test("[S-11, I-1] the service describes all that it answers, with schemas that lead somewhere", async () => {
  const { ROUTES } = await import("../src/http/index.ts");
  const served = await send("/api/openapi.json");
  expect(served.status).toBe(200);
  const text = await served.text();
  const document = JSON.parse(text) as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
    components: { schemas: Record<string, unknown> };
  };
  expect(document.openapi).toBe("3.1.0");
  const pages = createPages({
    service: target.service,
    snapshots: target.service.snapshots,
    addressOf: () => "",
    clock: systemClock,
    logger: silentLogger,
  });
  for (const { path } of BESIDE_ROUTES)
    expect(path === "/api/rpc" || pages.takes(path.replace(":secret", "x")), path).toBe(true);
  const operations = [...ROUTES, ...BESIDE_ROUTES].map(({ method, path, name }) => {
    const operation = document.paths[path.replaceAll(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
    expect(operation, path).toMatchObject({ operationId: name });
    expect(operation?.responses).toHaveProperty("default");
    return operation?.operationId;
  });
  expect(new Set(operations).size).toBe(operations.length);
  const named = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
  expect(named).toContain("AppendOps");
  for (const name of named) expect(document.components.schemas, name).toHaveProperty([String(name)]);
  expect(text.match(/"\$ref":"#\/\$defs/)).toBeNull();
});

test("[S-11] a share is made, written, read and taken back over REST", async () => {
  const publisher = new Publisher(target);
  const { shareId, owner, append } = publisher;
  const path = `/api/shares/${shareId}`;
  const made = await send("/api/shares", {
    method: "POST",
    bearer: KEY,
    body: {
      shareId,
      title: "Over REST",
      owner: { refId: owner.refId, secretHash: owner.secretHash },
      append: { refId: append.refId, secretHash: append.secretHash },
    },
  });
  expect(made.status).toBe(200);
  await publisher.open();
  await publisher.begin();
  const { messageId, partId } = ids();
  const batch = publisher.freeze([
    session("Over REST"),
    message(messageId, 0),
    text(partId, messageId, "words"),
  ]);
  const answer = await send(`${path}/ops`, { method: "POST", bearer: append.secret, body: batch });
  expect(await answer.json()).toMatchObject({ cursor: 3, applied: 3 });
  publisher.cursor = 3;
  publisher.chain = (
    (await (await send(`${path}/ops`, { method: "POST", bearer: append.secret, body: batch })).json()) as {
      chain: string;
    }
  ).chain;
  await publisher.commit();
  const read = await send(path, { bearer: owner.secret });
  expect(await read.json()).toMatchObject({ shareId, session: { title: "Over REST" } });
  expect(read.headers.get("x-robots-tag")).toBe("noindex");
  const page = await send(`${path}/messages?limit=1`, { bearer: owner.secret });
  expect(((await page.json()) as { items: unknown[] }).items).toHaveLength(1);
  const link = await publisher.link();
  expect(
    await (await send("/api/links/redeem", { method: "POST", bearer: link.secret })).json(),
  ).toMatchObject({ shareId, refId: link.refId });
  expect((await send(path, { method: "DELETE", bearer: KEY })).status).toBe(200);
  const gone = await send(path, { bearer: link.secret });
  expect([gone.status, gone.headers.get("content-type"), await gone.json()]).toMatchObject([
    404,
    "application/problem+json",
    { code: "REF_NOT_VALID" },
  ]);
});

test("[S-11] events are server-sent, go on from Last-Event-ID, and end when the ref does", async () => {
  const { messageId, partId } = ids();
  const publisher = await new Publisher(target).started(
    session(),
    message(messageId, 0),
    text(partId, messageId, "one"),
  );
  const link = await publisher.link();
  const path = `/api/shares/${publisher.shareId}/events`;
  const stream = await send(`${path}?after=0`, { bearer: link.secret, headers: { "last-event-id": "2" } });
  expect(stream.headers.get("content-type")).toContain("text/event-stream");
  const all = stream.text();
  await expect
    .poll(
      async () =>
        (await publisher.call("listShares", {}, KEY)).items.find(({ id }) => id === publisher.shareId)
          ?.viewers,
    )
    .toBe(1);
  await publisher.publish(delta(partId, messageId, 3, " two"));
  await publisher.call("revokeCapability", { refId: link.refId }, publisher.owner.secret);
  const read = (await all).split("\n\n").filter((frame) => frame !== "");
  expect(read.map((frame) => /event: (\S+)/.exec(frame)?.[1])).toEqual([
    "hello",
    "message.part.updated",
    "caught-up",
    "message.part.delta",
  ]);
  expect(read[3]).toBe(
    `id: 4\nevent: message.part.delta\ndata: {"seq":4,"prev":3,"type":"message.part.delta","time":${target.clock.now()},"data":${JSON.stringify({ messageId, partId, field: "text", offset: 3, text: " two" })}}`,
  );
  expect((await send(path, { bearer: link.secret })).status).toBe(404);
});

test("[S-9] contents go up and come down as files that nothing runs", async () => {
  const publisher = await new Publisher(target).started(session());
  const bytes = Buffer.from("<svg onload=alert(1)>");
  const hash = createHash("sha256").update(bytes).digest("hex");
  const path = `/api/shares/${publisher.shareId}/blobs/${hash}`;
  expect((await send(path, { method: "PUT", bearer: publisher.owner.secret, body: bytes })).status).toBe(403);
  expect(
    (await send(path.replace(/.$/, "0"), { method: "PUT", bearer: publisher.append.secret, body: bytes }))
      .status,
  ).toBe(400);
  expect((await send(path, { method: "PUT", bearer: publisher.append.secret, body: bytes })).status).toBe(
    204,
  );
  expect((await send(path, { bearer: publisher.owner.secret })).status).toBe(404);
  const { messageId, partId } = ids();
  await publisher.publish(message(messageId, 0), {
    type: "message.part.updated",
    payload: {
      part: {
        id: partId,
        messageId,
        ordinal: 0,
        type: "file",
        mime: "image/svg+xml",
        blob: `sha256:${hash}`,
      },
    },
  });
  const shown = await send(path, { bearer: publisher.owner.secret });
  expect(Buffer.from(await shown.arrayBuffer())).toEqual(bytes);
  expect(shown.headers.get("content-type")).toBe("application/octet-stream");
  expect(shown.headers.get("content-disposition")).toBe("attachment");
  expect(shown.headers.get("content-security-policy")).toContain("sandbox");
});

test("[S-10] the older routes make, fill, read, list and remove a share", async () => {
  const made = (await (await send("/api/share", { method: "POST", bearer: KEY, body: {} })).json()) as {
    id: string;
    secret: string;
  };
  const path = `/api/share/${made.id}`;
  const data = [{ type: "session", data: session("Older").payload["session"] }];
  expect((await send(`${path}/sync`, { method: "POST", body: { secret: made.secret, data } })).status).toBe(
    200,
  );
  expect(
    (
      await send(`${path}/sync`, {
        method: "POST",
        body: { secret: made.secret, data: [{ type: "session", data: {} }] },
      })
    ).status,
  ).toBe(400);
  expect((await send(path)).status).toBe(404);
  expect(await (await send(path, { bearer: made.secret })).json()).toMatchObject({
    id: made.id,
    title: "Older",
    public: false,
  });
  expect(await (await send(`${path}/data`, { bearer: made.secret })).json()).toEqual(data);
  const list = (await (await send("/api/sessions", { bearer: KEY })).json()) as {
    items: { id: string; title: string }[];
  };
  expect(list.items.find(({ id }) => id === made.id)?.title).toBe("Older");
  expect((await send("/api/sessions", { bearer: made.secret })).status).toBe(404);
  expect((await send("/api/share", { method: "POST", bearer: made.secret, body: {} })).status).toBe(404);
  expect((await send(path, { method: "DELETE", body: { secret: made.secret } })).status).toBe(200);
  expect((await send(path, { bearer: made.secret })).status).toBe(410);
});

test("[I-3] what no route takes, and what no schema allows, is a problem document", async () => {
  const publisher = await new Publisher(target).started(session());
  const path = `/api/shares/${publisher.shareId}`;
  const code = async (sent: Promise<Response>) => {
    const response = await sent;
    return [response.status, ((await response.json()) as { code: string }).code];
  };
  const bearer = publisher.owner.secret;
  expect(await code(send("/api/nothing"))).toEqual([404, "NOT_FOUND"]);
  expect(await code(send(path, { method: "PUT", bearer }))).toEqual([404, "NOT_FOUND"]);
  expect(await code(send(path))).toEqual([401, "UNAUTHENTICATED"]);
  expect(await code(send(`${path}/messages?limit=nine`, { bearer }))).toEqual([400, "INVALID_REQUEST"]);
  expect(await code(send(`${path}/messages?other=1`, { bearer }))).toEqual([400, "INVALID_REQUEST"]);
  expect(await code(send(`${path}/refs`, { method: "POST", bearer, body: { rights: ["all"] } }))).toEqual([
    400,
    "INVALID_REQUEST",
  ]);
  expect(await code(send(`${path}/comments`, { method: "POST", bearer, body: "x".repeat(300_000) }))).toEqual(
    [413, "TOO_LARGE"],
  );
  expect(await code(send(`/api/shares/${newId("shr")}`, { bearer }))).toEqual([404, "REF_NOT_VALID"]);
});

test("[S-35] no script may stand between readers and the service", async () => {
  const publisher = await new Publisher(target).started(session());
  const asked = { bearer: publisher.owner.secret, headers: { "service-worker": "script" } };
  expect((await send(`/api/shares/${publisher.shareId}`, asked)).status).toBe(403);
});
