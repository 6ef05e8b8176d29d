/**
 * The raw limit of fan-out: a bare `node:http` server. Events that arrive together are encoded once, into one buffer, and each subscriber gets it in
 * one write. Frames have the product's fields and size.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { newId } from "@holdfast/kernel";
import { serveFeed, tell } from "./fan-out-feed.ts";

const ids = { sessionId: newId("ses"), turnId: newId("trn"), messageId: newId("msg"), partId: newId("prt") };
const actor = { id: "agent:rehearsal", kind: "agent", label: "rehearsal" };
const TEXT = "twenty bytes of text";

const subscribers = new Set<ServerResponse>();
let seq = 0;

function frame(): string {
  seq += 1;
  const { sessionId, turnId, messageId, partId } = ids;
  const data = { messageId, partId, field: "text", offset: seq * TEXT.length, text: TEXT };
  const type = "message.part.delta";
  const event = { seq, prev: seq - 1, type, version: 1, sessionId, time: Date.now(), turnId, actor, data };
  return `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
}

const server = createServer((_incoming, outgoing) => {
  outgoing.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  outgoing.flushHeaders();
  subscribers.add(outgoing);
  outgoing.once("close", () => subscribers.delete(outgoing));
});

server.listen(0, "127.0.0.1", () => {
  tell({ type: "ready", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, token: "none" });
});

serveFeed((events) => {
  let text = "";
  for (let event = 0; event < events; event += 1) text += frame();
  const bytes = Buffer.from(text);
  for (const subscriber of subscribers) subscriber.write(bytes);
});
process.on("disconnect", () => process.exit(0));
