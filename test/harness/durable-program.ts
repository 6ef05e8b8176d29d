/**
 * A client that makes durable calls of a ref, in each way. As a program (way, address, secret, file, session) it stores its calls in the file, prints their ids, and waits for their answers: tests kill it
 * meanwhile.
 */
import {
  type DurableRef,
  durable,
  intentsOverHttp,
  type IntentTransport,
  type RefCall,
} from "@holdfast/client";
import { intentsInFile } from "@holdfast/client/node";
import { intentsOverBatch, intentsOverSocket } from "@holdfast/client/rpc";

type Place = { url: string; token: string };

export const WAYS: Readonly<Record<string, (place: Place) => IntentTransport>> = {
  REST: intentsOverHttp,
  "capnweb batch": intentsOverBatch,
  "capnweb WebSocket": intentsOverSocket,
};

/** One group: an input, a remark on it, which needs its answer, and a narrower ref. */
export function makeGroup(
  ref: DurableRef,
  { sessionId, refId }: { sessionId: string; refId: string },
): RefCall<unknown>[] {
  const session = sessionId as never;
  const asked = ref.call("prompt", { sessionId: session, parts: [{ type: "text", text: "SAY once" }] });
  return [
    asked,
    ref.call("comment", { sessionId: session, on: asked.field("message", "info", "id"), text: "about it" }),
    ref.call("attenuate", { parentId: refId as never, rights: ["read"] }),
  ];
}

async function main([
  way = "",
  url = "",
  token = "",
  file = "",
  sessionId = "",
  refId = "",
]: string[]): Promise<void> {
  const transport = WAYS[way]?.({ url, token });
  if (transport === undefined) throw new Error(`${way} is no way.`);
  const ref = await durable({ intents: intentsInFile(file), transports: [transport] });
  const calls = makeGroup(ref, { sessionId, refId });
  await Promise.all(calls.map(({ stored }) => stored));
  process.stdout.write(`${JSON.stringify(calls.map(({ opId }) => opId))}\n`);
  await Promise.all(calls.map(({ result }) => result));
}

if (import.meta.main) await main(process.argv.slice(2));
