/**
 * What rows the suites make, for `npm run model-coverage`, which names the directory of its reports in `HOLDFAST_MODEL_ROWS`. States that rows pass
 * through are read from the feed of the running server, what became of them from its database once the server has ended.
 */
import { randomUUID } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { Store } from "../../packages/server/src/store/index.ts";
import { DATABASE_FILE, openSqliteStore } from "../../packages/server/src/store/sqlite/index.ts";
import { readFrames } from "../harness/sse.ts";
import { type Counts, Tally } from "./tally.ts";

/** What one test file made. */
export type Report = { test: string; counts: Counts };

/** Counts for the test file that runs now. */
function begin(): { tally: Tally; report: () => Promise<void> } {
  const test = expect.getState().testPath ?? "";
  // Elsewhere a script may go by the name of a real agent.
  const tally = new Tally(/[/\\](?:real-agents|matrix|model-coverage)[/\\]/.test(test));
  return {
    tally,
    async report() {
      const to = process.env["HOLDFAST_MODEL_ROWS"];
      const made: Report = { test, counts: tally.counts };
      if (to !== undefined && Object.keys(made.counts).length > 0)
        await writeFile(join(to, `${randomUUID()}.json`), JSON.stringify(made));
    },
  };
}

/** Reads the feed of a server until it ends. */
export async function watchRows(url: string, token: string): Promise<void> {
  const { tally, report } = begin();
  const headers = { authorization: `Bearer ${token}` };
  await fetch(new URL("/api/events?after=0&messages=true", url), { headers })
    .then((feed) =>
      readFrames(feed, ({ event, data }) => {
        if ("data" in data) tally.event(event, data);
        return false;
      }),
    )
    // A server that is killed breaks off in the middle of a frame.
    .catch(() => undefined);
  await report();
}

/** Reads the databases below `root`. */
export async function recordRows(root: string): Promise<void> {
  const { tally, report } = begin();
  const files = await readdir(root, { recursive: true }).catch(() => []);
  for (const file of files.filter((one) => one.endsWith(DATABASE_FILE)))
    // Tests of damage leave what cannot be opened.
    await countStore(join(root, dirname(file)), tally).catch(() => undefined);
  await report();
}

async function countStore(directory: string, tally: Tally): Promise<void> {
  const store = await openSqliteStore({ directory });
  try {
    const sessions = paged((before: Parameters<Store["listSessions"]>[0]["before"]) =>
      store.listSessions({ filter: {}, limit: 100, ...(before === undefined ? {} : { before }) }),
    );
    for await (const session of sessions) {
      tally.row("Session", session);
      await countSession(store, session.id, tally);
    }
  } finally {
    await store.close();
  }
}

async function countSession(
  store: Store,
  sessionId: Parameters<Store["lastSeq"]>[0],
  tally: Tally,
): Promise<void> {
  const turns = paged((before: number | undefined) =>
    store.listTurns({ sessionId, limit: 100, ...(before === undefined ? {} : { before }) }),
  );
  for await (const turn of turns) tally.row("Turn", turn);
  for (const input of (await store.listInputs({ sessionId })).items) tally.row("Input", input);
  for await (const { info, parts } of store.streamMessages(sessionId)) {
    tally.row("MessageInfo", info);
    for (const part of parts) tally.row("Part", part);
  }
  for (const one of await store.listPermissions({ sessionId })) tally.row("Permission", one);
  for (const one of await store.listQuestions({ sessionId })) tally.row("Question", one);
  for (const one of (await store.listAgentSessions(sessionId)).items) tally.row("AgentSession", one);
  for (const todo of (await store.listTodos(sessionId)).items) tally.row("Todo", { ...todo, sessionId });
}

async function* paged<T, C>(
  list: (before: C | undefined) => Promise<{ items: T[]; next?: C }>,
): AsyncGenerator<T> {
  let before: C | undefined;
  do {
    const page = await list(before);
    yield* page.items;
    before = page.next;
  } while (before !== undefined);
}
