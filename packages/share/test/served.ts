/** A share service behind its real doors on a real port, and the ways of a publisher to it. */
import { createServer as createProxy, type Socket, connect as connectTo } from "node:net";
import { Listener } from "@holdfast/edge";
import { silentLogger, systemClock } from "@holdfast/kernel";
import type { ShareArgs, ShareMethod, ShareResult } from "@holdfast/protocol";
import {
  createBatchTransport,
  createRestTransport,
  createSocketTransport,
  type ShareTransport,
} from "../../server/src/outbox/index.ts";
import { createShareHttp } from "../src/http/index.ts";
import { createShareRpc } from "../src/rpc/index.ts";
import { KEY, Publisher, type World } from "./share-fixture.ts";

export type Served = { origin: string; [Symbol.asyncDispose](): Promise<void> };

/** `names`: hosts beside its own, as a wire before it has. */
export async function serve({ service }: World, names: readonly string[] = []): Promise<Served> {
  const doors = {
    service,
    addressOf: () => "192.0.2.7",
    clock: systemClock,
    logger: silentLogger,
  };
  const rpc = createShareRpc(doors);
  const listener = new Listener({
    answer: createShareHttp({ ...doors, beside: [rpc] }),
    upgrade: rpc.upgrade,
    allowedHosts: names,
    exposure: "loopback",
    clock: systemClock,
    logger: silentLogger,
  });
  const { url } = await listener.listen("127.0.0.1", 0);
  return {
    origin: url,
    async [Symbol.asyncDispose]() {
      rpc.stop();
      await service.stop();
      await listener.close();
    },
  };
}

export const WAYS: readonly [string, (origin: string) => ShareTransport][] = [
  ["REST", (origin) => createRestTransport(origin, systemClock)],
  [
    "capnweb batch",
    (origin) => createBatchTransport(origin, systemClock, createRestTransport(origin, systemClock)),
  ],
  [
    "capnweb WebSocket",
    (origin) => createSocketTransport(origin, systemClock, createRestTransport(origin, systemClock)),
  ],
];

/** What a call that was not answered is thrown as. */
export class NotAnswered extends Error {
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: string, data: Readonly<Record<string, unknown>> = {}) {
    super(`${code} ${JSON.stringify(data)}`);
    this.code = code;
    this.data = data;
  }
}

/** A publisher that speaks through a transport. */
export class DistantPublisher extends Publisher {
  readonly transport: ShareTransport;

  constructor(world: World, transport: ShareTransport) {
    super(world);
    this.transport = transport;
  }

  override async call<M extends ShareMethod>(
    method: M,
    args: ShareArgs<M>,
    secret = this.append.secret,
  ): Promise<ShareResult<M>> {
    const isOfKey = secret === KEY && (method === "createShare" || method === "listShares");
    const answer = await this.transport.call({
      method,
      shareId: isOfKey ? undefined : this.shareId,
      secret,
      args,
    });
    if (answer.outcome === "answered") return answer.result;
    if (answer.outcome === "refused") throw new NotAnswered(answer.code, answer.data);
    throw new NotAnswered(answer.outcome, { reason: answer.reason });
  }
}

/** A wire between a publisher and the service that can lose what the service says. */
export class Wire {
  /** From now on the first byte of an answer ends its connection. */
  isCut = false;
  readonly #server;
  readonly #sockets = new Set<Socket>();

  /** Port of the service. */
  farPort = 0;

  constructor() {
    this.#server = createProxy((near) => {
      const far = connectTo(this.farPort, "127.0.0.1");
      this.#sockets.add(near).add(far);
      near
        .on("data", (bytes) => far.write(bytes))
        .on("close", () => far.destroy())
        .on("error", () => far.destroy());
      far
        .on("data", (bytes) => void (this.isCut ? near.destroy() : near.write(bytes)))
        .on("close", () => near.destroy())
        .on("error", () => near.destroy());
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
