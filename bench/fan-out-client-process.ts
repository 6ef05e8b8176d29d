/**
 * All subscribers of T-10 in one process of its own, on bare sockets. It looks only for the ids of frames, so that reading costs little: each socket must
 * get every event once and in order. Says when all streams are open, how many events everybody has, and when a round is complete.
 */
import { connect, type Socket } from "node:net";
import { REPORT_EVERY } from "./fan-out-feed.ts";
import { IdScanner, SSE_IDS } from "./id-scanner.ts";

export type ToClient = { type: "open"; url: string; token: string; subscribers: number };
export type FromClient =
  | { type: "opened" }
  | { type: "reached"; events: number }
  | { type: "fault"; message: string };

/** How many subscribers have got so many events. */
const got: number[] = [];
let subscribers = 0;
let opened = 0;

const say = (message: FromClient): void => void process.send?.(message);

function fault(message: string): void {
  say({ type: "fault", message });
}

/** One subscriber: its count of events, checked to be gapless. */
function subscribe(url: URL, token: string): void {
  let events = 0;
  let last: number | undefined;
  let isOpen = false;
  const scanner = new IdScanner(SSE_IDS, (id) => {
    if (last !== undefined && id !== last + 1) fault(`A subscriber got event ${id} after ${last}.`);
    last = id;
    events += 1;
    count(events);
  });
  const socket: Socket = connect(Number(url.port), url.hostname, () => {
    socket.setNoDelay(true);
    socket.write(
      `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\naccept: text/event-stream\r\nauthorization: Bearer ${token}\r\n\r\n`,
    );
  });
  socket.on("data", (chunk: Buffer) => {
    if (!isOpen) {
      isOpen = true;
      if (!chunk.subarray(0, 15).toString("latin1").startsWith("HTTP/1.1 200"))
        fault(chunk.toString().slice(0, 300));
      opened += 1;
      if (opened === subscribers) say({ type: "opened" });
    }
    scanner.take(chunk);
  });
  socket.on("error", (error) => fault(error.message));
  socket.on("close", () => fault("A stream was closed."));
}

function count(events: number): void {
  const have = (got[events] ?? 0) + 1;
  got[events] = have;
  if (have === subscribers && events % REPORT_EVERY === 0) say({ type: "reached", events });
}

process.on("message", (message: ToClient) => {
  subscribers = message.subscribers;
  const url = new URL(message.url);
  for (let subscriber = 0; subscriber < subscribers; subscriber += 1) subscribe(url, message.token);
});
process.on("disconnect", () => process.exit(0));
