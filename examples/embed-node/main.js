/** Gives an agent work, allows once what it asks for, and prints what was said: `node main.js "What to do"`. */
import { createClient, EMPTY_SESSION, newIdempotencyKey, reduce, skipEvent } from "@holdfast/client";
import { isTerminal } from "@holdfast/protocol";

const { HOLDFAST_URL: url = "http://127.0.0.1:4680", HOLDFAST_TOKEN: token } = process.env;
const text = process.argv[2] ?? "ASK May I?\nSAY Hello.";

const client = createClient({ url, token });
const session = await client.createSession({ directory: process.cwd(), title: "embed-node" });
// A program that may die before it hears the answer stores its key first, and repeats the call with it.
const idempotencyKey = newIdempotencyKey();
const { turn } = await client.admitInput(session.id, { parts: [{ type: "text", text }] }, { idempotencyKey });

let state = EMPTY_SESSION;
const signal = AbortSignal.timeout(600_000);
for await (const item of client.streamSession({ sessionId: session.id, after: 0, signal })) {
  if (item.kind === "disconnected") console.error(`${item.error.message} Trying again.`);
  if (item.kind === "unknown") state = skipEvent(state, item.seq);
  if (item.kind !== "event") continue;
  state = reduce(state, item.event);
  for (const { id, title } of item.event.type === "permission.asked"
    ? Object.values(state.permissions)
    : []) {
    await client.replyPermission(id, { reply: "once" });
    console.log(`allowed once: ${title}`);
  }
  if (isTerminal(state.turns[turn.id]?.state)) break;
}

for (const { info, parts } of state.messages)
  for (const part of parts) if (part.type === "text") console.log(`${info.role}: ${part.text}`);
const end = state.turns[turn.id]?.state ?? "not over";
console.log(`the turn is ${end}`);
process.exitCode = end === "completed" ? 0 : 1;
