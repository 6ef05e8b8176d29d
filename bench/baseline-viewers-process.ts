/**
 * The raw limit of live viewers: a bare `node:http` server that takes the same request as the service for each event, encodes its frame once, and gives each viewer the
 * same bytes in one write. It stores nothing, and looks at no secret.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AppendOps } from "@holdfast/protocol";

export type FromBaseline = { type: "ready"; url: string };

const viewers = new Set<ServerResponse>();
let seq = 0;

function frame({ ops: [op] }: AppendOps): Buffer {
  if (op === undefined) throw new Error("There is no operation.");
  seq += 1;
  const event = { seq, prev: seq - 1, type: op.type, time: Date.now(), data: op.payload };
  return Buffer.from(`id: ${seq}\nevent: ${op.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

async function append(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = frame(JSON.parse(Buffer.concat(chunks).toString()) as AppendOps);
  for (const viewer of viewers) viewer.write(bytes);
  outgoing.end("{}");
}

const server = createServer((incoming, outgoing) => {
  if (incoming.method === "POST") return void append(incoming, outgoing);
  outgoing.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  outgoing.write("event: caught-up\ndata: {}\n\n");
  viewers.add(outgoing);
  outgoing.once("close", () => viewers.delete(outgoing));
});
server.listen(0, "127.0.0.1", () => {
  const ready: FromBaseline = {
    type: "ready",
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  };
  process.send?.(ready);
});
process.on("disconnect", () => process.exit(0));
