import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startHoldfast } from "../harness/index.ts";
import { deed, HOSTILE_AGENT } from "./agent-cases.ts";
import { Fuzzer, type FuzzReport } from "./fuzz-server.ts";
import { config } from "./hostile.ts";
import { Watch, type Watched } from "./watch.ts";

/** One turn of nonsense frames for so many requests. */
const REQUESTS_PER_TURN = 250;

/** Fuzzes one server; afterwards an ordinary turn must work and the store must be sound. */
export async function fuzz(
  root: string,
  requests: number,
  seed: string,
): Promise<FuzzReport & { watched: Watched; turns: number }> {
  await using server = await startHoldfast({ root, config });
  const document = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../docs/openapi.json"), "utf8"),
  ) as ConstructorParameters<typeof Fuzzer>[1];
  const watch = new Watch(server);
  const session = await server.client.createSession({
    directory: server.project,
    agent: "rehearsal",
    approvalMode: "all",
  });
  const report = await new Fuzzer({ server, requests, seed, agent: HOSTILE_AGENT }, document).run();
  const turns = Math.max(1, Math.round(requests / REQUESTS_PER_TURN));
  for (let turn = 0; turn < turns; turn += 1) {
    const end = await deed({ server, sessionId: session.id }, `FUZZ ${seed}x${turn}`).catch(
      (error: unknown) => String(error),
    );
    if (!/^(completed|failed)/.test(end)) report.wrong.push(`seed ${seed} turn ${turn}: ${end}`);
  }
  const fresh = await server.client.createSession({
    directory: await server.place("fresh"),
    agent: "rehearsal",
    approvalMode: "all",
  });
  const waited = await server.client.admitInputAndWait(
    fresh.id,
    { parts: [{ type: "text", text: "SAY still here" }] },
    { timeoutMs: 240_000 },
  );
  if (!waited.ended || waited.turn.state !== "completed")
    report.wrong.push("an ordinary turn does not work afterwards");
  const { integrity, foreignKeys, drift, stuckTurns } = await server.client.diagnostics();
  for (const finding of [...integrity, ...foreignKeys, ...drift, ...stuckTurns])
    report.wrong.push(`doctor: ${finding}`);
  return { ...report, watched: await watch.end(), turns };
}
