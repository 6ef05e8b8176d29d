/**
 * All viewers of one shared session in one process, on bare sockets, over server-sent events and WebSockets, from as many addresses as the service wants for so many.
 * Each must get every event once and in order. Says when the last of them got each event.
 */
import { connect, type Socket } from "node:net";
import { randomHex } from "@holdfast/kernel";
import { IdScanner, SOCKET_IDS, SSE_IDS } from "./id-scanner.ts";

export type ToViewers =
  | { type: "open"; url: string; token: string; sse: number; webSockets: number }
  /** So many events since they were opened. */
  | { type: "await"; events: number };
export type FromViewers =
  | { type: "opened" }
  /** When everybody had each event since the last such message, in ms since the epoch. */
  | { type: "reached"; times: number[] }
  | { type: "fault"; message: string };

/** What the service takes of one address at once, with some to spare. */
const VIEWERS_OF_ADDRESS = 50;
const SIGN_MS = 10_000;
/** A pong that nobody asked for, masked as a client's frames are: a sign of life. */
const SIGN = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
const LIVE = "caught-up";

const got: number[] = [];
const times: number[] = [];
let viewers = 0;
let opened = 0;
let awaited: number | undefined;
let told = 0;

const say = (message: FromViewers): void => void process.send?.(message);
const fault = (message: string): void => say({ type: "fault", message });

type Speech = { isSocket: boolean; open: string; hello: Buffer | undefined };

function view(number: number, url: URL, { isSocket, open, hello }: Speech): void {
  let events = 0;
  let last: number | undefined;
  let begin: string | undefined = "";
  const scanner = new IdScanner(isSocket ? SOCKET_IDS : SSE_IDS, (id) => {
    if (last !== undefined && id !== last + 1) fault(`A viewer got event ${id} after ${last}.`);
    last = id;
    events += 1;
    count(events);
  });
  const localAddress = `127.0.1.${1 + Math.floor(number / VIEWERS_OF_ADDRESS)}`;
  const socket: Socket = connect({ port: Number(url.port), host: url.hostname, localAddress }, () => {
    socket.setNoDelay(true);
    socket.write(open);
    if (hello !== undefined) socket.write(hello);
  });
  socket.on("data", (chunk: Buffer) => {
    if (begin !== undefined) {
      begin += chunk.toString("latin1");
      if (!/^HTTP\/1\.1 (?:200|101)/.test(begin)) fault(begin.slice(0, 300));
      if (begin.includes(LIVE)) {
        begin = undefined;
        opened += 1;
        if (opened === viewers) say({ type: "opened" });
      }
    }
    scanner.take(chunk);
  });
  socket.on("error", (error) => fault(error.message));
  socket.on("close", () => fault("A stream was closed."));
  if (isSocket) setInterval(() => socket.write(SIGN), SIGN_MS);
}

function count(events: number): void {
  const have = (got[events] ?? 0) + 1;
  got[events] = have;
  if (have < viewers) return;
  times[events - 1] = performance.timeOrigin + performance.now();
  tell();
}

function tell(): void {
  if (awaited === undefined || times.length < awaited) return;
  say({ type: "reached", times: times.slice(told, awaited) });
  told = awaited;
  awaited = undefined;
}

/** A text frame of a client, which is masked; a mask of zeros leaves it as it is. */
function frameOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 65_535) throw new RangeError("The frame is longer than this writes.");
  return Buffer.concat([
    Buffer.from([0x81, 0x80 | 126, bytes.length >> 8, bytes.length & 0xff, 0, 0, 0, 0]),
    bytes,
  ]);
}

process.on("message", (message: ToViewers) => {
  if (message.type === "await") {
    awaited = message.events;
    return tell();
  }
  const { token, sse, webSockets } = message;
  const url = new URL(message.url);
  viewers = sse + webSockets;
  const head = `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  const asStream: Speech = {
    isSocket: false,
    open: `${head}accept: text/event-stream\r\nauthorization: Bearer ${token}\r\n\r\n`,
    hello: undefined,
  };
  const key = Buffer.from(randomHex(16), "hex").toString("base64");
  const asSocket: Speech = {
    isSocket: true,
    open: `${head}upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: ${key}\r\nsec-websocket-version: 13\r\n\r\n`,
    hello: frameOf(JSON.stringify({ token })),
  };
  for (let viewer = 0; viewer < viewers; viewer += 1) view(viewer, url, viewer < sse ? asStream : asSocket);
});
process.on("disconnect", () => process.exit(0));
