/** Both ways in of capnweb at one path, for whoever has a listener; and WebSockets at other paths beside it, within the same limits. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendProblem, type Upgrade } from "@holdfast/edge";
import type { Clock, Logger } from "@holdfast/kernel";
import { type Capability, RpcHost, startRpcThread, type StartThread } from "../host/index.ts";
import { RPC_LIMITS } from "../limits.ts";
import { RPC_PATH } from "../path.ts";
import { answerBatch } from "./batch-door.ts";
import { Places } from "./places.ts";
import { greetSession } from "./socket-door.ts";
import { type SocketEars, type TextSocket, WebSockets } from "./web-sockets.ts";

/** Greets who came by a WebSocket from an address. */
export type Greet = (socket: TextSocket, address: string) => SocketEars;

export type RpcDoorDeps = {
  /** What the main stub of every session stands for. */
  main: Capability;
  /** All methods that any stub of this door has. */
  methods: readonly string[];
  /** The caller's address, through a proxy where one is declared. */
  addressOf: (incoming: IncomingMessage) => string;
  /** Who greets WebSockets at another path; undefined where nobody does. */
  besideAt?: ((path: string) => Greet | undefined) | undefined;
  /** Absent: the real thread. */
  start?: StartThread | undefined;
  clock: Clock;
  logger: Logger;
};

export type RpcDoor = {
  /** Whether a request target is for `answer`. */
  takes(target: string): boolean;
  /** Answers a batch of calls. Never rejects. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
  /** For the listener. */
  upgrade: Upgrade;
  /** Ends every session and every WebSocket. Before the listener closes. */
  stop(): void;
};

const pathOf = (target: string): string => target.replace(/\?.*$/s, "");

export function createRpcDoor(deps: RpcDoorDeps): RpcDoor {
  const { main, methods, addressOf, besideAt, start, clock, logger } = deps;
  const host = new RpcHost({ start: start ?? startRpcThread(), methods, clock, logger });
  const places = () => new Places(RPC_LIMITS.connections, RPC_LIMITS.connectionsPerAddress);
  const batches = places();
  const sockets = new WebSockets(clock, places());
  const greetAt = (target: string): Greet | undefined =>
    pathOf(target) === RPC_PATH
      ? (socket, address) => greetSession({ host, main, clock }, socket, address)
      : besideAt?.(pathOf(target));
  return {
    takes: (target) => pathOf(target) === RPC_PATH,
    async answer(incoming, outgoing) {
      try {
        const deps = { host, main, places: batches, clock };
        await answerBatch(deps, incoming, outgoing, addressOf(incoming));
      } catch (error) {
        sendProblem(logger, outgoing, error);
      }
    },
    upgrade: {
      takes: (target) => greetAt(target) !== undefined,
      take(incoming, socket, head) {
        const greet = greetAt(incoming.url ?? "");
        const address = addressOf(incoming);
        if (greet === undefined) socket.destroy();
        else sockets.accept(incoming, socket, head, address, (greeted) => greet(greeted, address));
      },
    },
    stop() {
      host.stop();
      sockets.stop();
    },
  };
}
