/** Both ways in of capnweb at one path, for whoever has a listener. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { sendProblem } from "@holdfast/edge";
import type { Clock, Logger } from "@holdfast/kernel";
import { type Capability, RpcHost, startRpcThread, type StartThread } from "../host/index.ts";
import { RPC_LIMITS } from "../limits.ts";
import { answerBatch } from "./batch-door.ts";
import { Places } from "./places.ts";
import { greetSession } from "./socket-door.ts";
import type { WebSockets } from "./web-sockets.ts";

export type RpcDoorDeps = {
  /** What the main stub of every session stands for. */
  main: Capability;
  /** All methods that any stub of this door has. */
  methods: readonly string[];
  /** Absent: the real thread. */
  start?: StartThread | undefined;
  sockets: WebSockets;
  clock: Clock;
  logger: Logger;
};

export type RpcDoor = {
  /** Answers a batch. Never rejects. */
  answer(incoming: IncomingMessage, outgoing: ServerResponse, address: string): Promise<void>;
  /** Takes a request for a WebSocket over. */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, address: string): void;
  /** Ends every session. */
  stop(): void;
};

export function createRpcDoor({ main, methods, start, sockets, clock, logger }: RpcDoorDeps): RpcDoor {
  const host = new RpcHost({ start: start ?? startRpcThread(), methods, clock, logger });
  const places = new Places(RPC_LIMITS.connections, RPC_LIMITS.connectionsPerAddress);
  return {
    async answer(incoming, outgoing, address) {
      try {
        await answerBatch({ host, main, places, clock }, incoming, outgoing, address);
      } catch (error) {
        sendProblem(logger, outgoing, error);
      }
    },
    upgrade: (incoming, socket, head, address) =>
      sockets.accept(incoming, socket, head, address, (greeted) =>
        greetSession({ host, main, clock }, greeted, address),
      ),
    stop: () => host.stop(),
  };
}
