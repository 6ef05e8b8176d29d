/**
 * The publisher's side of the benches of sharing: a real store with one session in it, the real projection, and the real sender of the outbox, stepped as its loop in
 * the server steps it, over the way that is asked for. Each publication is a share of its own, from the wish to share until readers see all of it.
 */
import { systemClock, wait } from "@holdfast/kernel";
import {
  createBatchTransport,
  createRestTransport,
  createSocketTransport,
  ShareSender,
  type ShareTransport,
} from "../packages/server/src/outbox/index.ts";
import { createPublisher } from "../packages/server/src/sharing/index.ts";
import { openSqliteStore } from "../packages/server/src/store/sqlite/index.ts";
import { OWNER } from "../packages/server/test/contract/rig.ts";
import { createTask, shareOf } from "../packages/server/test/contract/share-rig.ts";
import { fillSession } from "./shared-session.ts";

export type Way = "rest" | "batch" | "webSocket";

export type ToPublisher = { type: "publish"; way: Way; origin: string };
export type FromPublisher =
  | { type: "ready" }
  /** CPU is of this process with all its threads. */
  | { type: "published"; shareId: string; operations: number; seconds: number; cpuMs: number }
  | { type: "fault"; message: string };

const [directory = "", turns = "1", key = ""] = process.argv.slice(2);
const NO_SECRETS: readonly string[] = [];

const store = await openSqliteStore({ directory, synchronous: "FULL" });
const sessionId = await fillSession(store, Number(turns));
const { project } = createPublisher({
  store,
  readChange: (change) => Promise.resolve(change),
  home: [directory],
  secrets: () => NO_SECRETS,
});

/** One of each way and service, kept as the server keeps them. */
const transports = new Map<string, ShareTransport>();

function transportOf(way: Way, origin: string): ShareTransport {
  const name = `${way} ${origin}`;
  const known = transports.get(name);
  if (known !== undefined) return known;
  const rest = createRestTransport(origin, systemClock);
  const made =
    way === "rest"
      ? rest
      : way === "batch"
        ? createBatchTransport(origin, systemClock, rest)
        : createSocketTransport(origin, systemClock, rest);
  transports.set(name, made);
  return made;
}

async function publish({ way, origin }: ToPublisher): Promise<FromPublisher> {
  const transport = transportOf(way, origin);
  const share = shareOf(sessionId, { service: origin });
  const cpu = process.cpuUsage();
  const start = performance.now();
  await store.createShare({ actor: OWNER, share, tasks: [createTask(share)] });
  const sender = new ShareSender(share.id, {
    store,
    transport: () => transport,
    project,
    publishKey: () => key,
    clock: systemClock,
    random: Math.random,
  });
  await untilRest(sender);
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const { stream, lastError } = (await store.storedShare(share.id)) ?? {};
  if (stream?.committed !== true || lastError !== undefined)
    throw new Error(`The session was not published: ${lastError?.message ?? "it is not committed"}.`);
  const cpuMs = (user + system) / 1_000;
  return { type: "published", shareId: share.id, operations: stream.cursor, seconds, cpuMs };
}

async function untilRest(sender: ShareSender): Promise<void> {
  for (;;) {
    const again = await sender.step();
    if (again.when === "changed") return;
    if (again.when === "never") throw new Error("The sender gave up.");
    if (again.when === "at") await wait(systemClock, Math.max(1, again.time - systemClock.now()));
  }
}

const say = (message: FromPublisher): void => void process.send?.(message);

process.on("message", (message: ToPublisher) => {
  publish(message).then(say, (error: unknown) => say({ type: "fault", message: String(error) }));
});
process.on("disconnect", () => process.exit(0));
say({ type: "ready" });
