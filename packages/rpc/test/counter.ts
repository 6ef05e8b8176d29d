/** A small door of capnweb for tests: counters that are redeemed by name. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { HoldfastError, silentLogger, systemClock } from "@holdfast/kernel";
import { type Capability, createRpcDoor, LiveStream, type StartThread } from "../src/index.ts";

export type Counter = {
  /** Names of stubs that a peer let go of, or that ended with its session. */
  dropped: string[];
  /** What each call was. */
  calls: string[];
  live: LiveStream[];
  /** Ends what every stub stands for. */
  end(): void;
};

const METHODS = ["redeem", "add", "echo", "fail", "hang", "watch"];

/** A main stub with `redeem(name)`; `reader` has `watch` alone, `nobody` is none. */
export function counterMain(): Counter & { main: Capability } {
  const ends: (() => void)[] = [];
  const counter: Counter = { dropped: [], calls: [], live: [], end: () => ends.forEach((end) => end()) };
  let value = 0;
  const stub = (name: string): Capability => ({
    methods: name === "reader" ? ["watch"] : ["add", "echo", "fail", "hang", "watch"],
    facts: { name, tags: ["a", ["b"]] },
    drop: () => void counter.dropped.push(name),
    onEnd: (listener) => void ends.push(listener),
    async call(method, args, { isBatch }) {
      counter.calls.push(method);
      if (method === "add") return { value: (value += Number(args[0])) };
      if (method === "echo") return { value: args[0] ?? null };
      if (method === "hang") return new Promise(() => undefined);
      if (method === "fail" && args[0] === "bug") throw new Error("/root/secret");
      if (method === "fail")
        throw new HoldfastError("SEQ_GAP", "Something is missing.", { data: { expected: 7 } });
      if (isBatch) throw new HoldfastError("LIVE_NEEDS_STREAM", "A view needs a connection that stays.");
      const live = new LiveStream();
      counter.live.push(live);
      live.push(['{"n":1}', '{"n":2}']);
      return { live };
    },
  });
  const main: Capability = {
    methods: ["redeem"],
    facts: {},
    call: async (_method, [name]) => {
      if (typeof name !== "string" || name === "nobody")
        throw new HoldfastError("REF_NOT_VALID", "This ref does not work.");
      return { capability: stub(name) };
    },
  };
  return Object.assign(counter, { main });
}

export type CounterServer = Counter & {
  url: string;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function startCounter(start?: StartThread): Promise<CounterServer> {
  const counter = counterMain();
  const door = createRpcDoor({
    main: counter.main,
    methods: METHODS,
    addressOf: () => "127.0.0.1",
    start,
    clock: systemClock,
    logger: silentLogger,
  });
  const server: Server = createServer((incoming, outgoing) => {
    outgoing.setHeader("x-request-id", "test");
    void door.answer(incoming, outgoing);
  });
  server.on("upgrade", (incoming, socket, head) => door.upgrade.take(incoming, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(counter, {
    url: `http://127.0.0.1:${port}/api/rpc`,
    async [Symbol.asyncDispose]() {
      door.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
