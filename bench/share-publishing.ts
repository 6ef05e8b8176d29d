import { join } from "node:path";
import { randomHex } from "@holdfast/kernel";
import { startShareService, temporaryDirectory } from "../test/harness/index.ts";
import { openCountingWire, type Traffic } from "./counting-wire.ts";
import { Program } from "./forked-program.ts";
import { exactProcessTime } from "./process-cpu.ts";
import type { FromPublisher, ToPublisher, Way } from "./share-publisher-process.ts";

const PUBLISHER = new URL("./share-publisher-process.ts", import.meta.url);

/** One publication of the whole session, from the wish to share until readers see all of it. */
export type Published = {
  shareId: string;
  operations: number;
  seconds: number;
  /** CPU of each process with all its threads. */
  publisherMs: number;
  serviceMs: number;
};

/** The real service as a process of its own, and a publisher with a session of so many turns in another. */
export type Publishing = AsyncDisposable & {
  publish(way: Way): Promise<Published>;
  /** The same over a wire that counts, which costs time. */
  publishCounted(way: Way): Promise<Published & Traffic>;
  /** Path of the service's database. */
  database: string;
};

export async function openPublishing(turns: number): Promise<Publishing> {
  const open = new AsyncDisposableStack();
  const directory = open.use(await temporaryDirectory("bench-share"));
  const key = randomHex(32);
  const wire = open.use(await openCountingWire());
  const place = join(directory.path, "service");
  const names = ["--allowed-hosts", new URL(wire.origin).host];
  const service = open.use(await startShareService(place, key, names));
  wire.leadTo(service.url);
  const publisher = open.use(new Program<ToPublisher>(PUBLISHER, directory.path, String(turns), key));
  await publisher.expect((message: FromPublisher) => (message.type === "ready" ? true : undefined));

  const publish = async (way: Way, origin: string): Promise<Published> => {
    const before = exactProcessTime(service.pid);
    const done = publisher.expect((message: FromPublisher) => {
      if (message.type === "fault") throw new Error(`${way}: ${message.message}\n${service.log()}`);
      return message.type === "published" ? message : undefined;
    });
    publisher.send({ type: "publish", way, origin });
    const { shareId, operations, seconds, cpuMs } = await done;
    const serviceMs = exactProcessTime(service.pid) - before;
    return { shareId, operations, seconds, publisherMs: cpuMs, serviceMs };
  };
  return {
    publish: (way) => publish(way, service.url),
    async publishCounted(way) {
      wire.take();
      const published = await publish(way, wire.origin);
      return { ...published, ...wire.take() };
    },
    database: join(place, "share.db"),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
