import { readFile } from "node:fs/promises";
import { join } from "node:path";
/** Two real processes, the server and the share service beside it, and SIGKILL to either while a session streams (S-6, S-29). */
import { createShareReader, redeemLink, type ShareReader } from "@holdfast/client";
import { isTerminal } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { createPublisher } from "../../packages/server/src/sharing/publish/index.ts";
import { openSqliteStore } from "../../packages/server/src/store/sqlite/index.ts";
import {
  type HoldfastProcess,
  processesWith,
  startHoldfast,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { amount } from "../harness/sample.ts";
import {
  differences,
  expectedTable,
  type Reading,
  shownTable,
  sourceOf,
  type Table,
} from "../simulate/judge.ts";
import { Random } from "../torture/random.ts";

const KILLS = amount(4, 100);
const SEED = process.env["HOLDFAST_TEST_SEED"] ?? "1";
const environment = { HOLDFAST_SHARE_PORT: "0" };

async function ask(server: HoldfastProcess, sessionId: string): Promise<void> {
  const part = { type: "text" as const, text: "SLOW 300 10" };
  await server.client.admitInput(sessionId, { parts: [part] });
}

async function readAll(reader: ShareReader): Promise<Reading> {
  const messages: Reading["messages"] = [];
  for (let before: string | undefined; ;) {
    const page = await reader.readMessages({ before });
    messages.unshift(...page.items);
    before = page.next;
    if (before === undefined) break;
  }
  return { session: await reader.readSession(), messages, changes: await reader.readChanges() };
}

/** What `publish` makes of the rows that the stopped server left. */
async function publishedTable(root: string, shareId: string): Promise<Table> {
  await using stack = new AsyncDisposableStack();
  const store = await openSqliteStore({ directory: join(root, "data") });
  stack.defer(() => store.close());
  const secrets: readonly string[] = [];
  const { project } = createPublisher({
    store,
    readChange: (change) => Promise.resolve(change),
    home: [join(root, "home")],
    secrets: () => secrets,
  });
  const [share] = await store.listShares({ limit: 1 });
  const stored = share && (await store.storedShare(share.id));
  if (stored?.id !== shareId) throw new Error("The share is not there any more.");
  const { masks = [] } = (await store.shareSource({ shareId: stored.id, limit: 1 })) ?? {};
  return (await expectedTable(project, stored, await sourceOf(store, stored), masks, {})).table;
}

test("[S-6, S-29] what readers see ends equal to the session, byte for byte, however often either program is killed", async () => {
  const random = new Random(`shared ${SEED}`);
  await using root = await temporaryDirectory("shared");
  const options = { root: root.path, environment };
  let server = await startHoldfast(options);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => server[Symbol.asyncDispose]());
  const session = await server.client.createSession({
    directory: server.project,
    title: "Under kills",
    approvalMode: "all",
    resumePolicy: "never",
  });
  await ask(server, session.id);
  const { previewId } = await server.client.previewShare(session.id);
  const { share, link } = await server.client.createShare(session.id, { previewId });
  const token = new URL(link.url).pathname.split("/").at(-1) ?? "";
  const url = new URL(link.url).origin;
  const { key } = JSON.parse(await readFile(join(root.path, "data", "share-service.json"), "utf8")) as {
    key: string;
  };

  for (let kill = 0; kill < KILLS; kill += 1) {
    await until("something new to be read", async () => {
      const { lastSeq } = await server.client.getSession(session.id);
      return lastSeq > 0;
    });
    await new Promise((resume) => setTimeout(resume, random.int(20, 300)));
    if (random.chance(0.5)) {
      const [service] = processesWith(`HOLDFAST_SHARE_KEYS=${key}`);
      if (service !== undefined) process.kill(service, "SIGKILL");
    } else {
      await server.kill();
      server = await startHoldfast(options);
    }
    if (random.chance(0.4)) await ask(server, session.id).catch(() => undefined);
  }

  // The status alone says idle of what is queued behind a restart.
  await until("the turns to end", async () => {
    const { items, next } = await server.client.listTurns(session.id, { limit: 200 });
    expect(next).toBeUndefined();
    return items.every(({ state }) => isTerminal(state));
  });
  await until("all of it to be sent", async () => {
    const now = await server.client.getShare(share.id);
    return now.state === "live" && now.waiting === 0 && now.attempts === 0 && now.lastError === undefined;
  });
  const reader = await until("the link to work", () =>
    redeemLink({ url, token }).then(
      ({ shareId }) => createShareReader({ url, token, shareId }),
      () => undefined,
    ),
  );
  const shown = shownTable(await readAll(reader));
  expect(await server.stop()).toBe(0);
  expect(shown.size).toBeGreaterThan(4);
  expect(differences(await publishedTable(root.path, share.id), shown)).toEqual([]);
  expect(processesWith(`HOLDFAST_SHARE_KEYS=${key}`)).toEqual([]);
});
