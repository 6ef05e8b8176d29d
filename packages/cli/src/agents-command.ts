import type { LiveAgent } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { oneLine } from "./output.ts";

/** Every agent that there is, and below them the ones that live now. */
export async function agents(context: Context): Promise<ExitCode> {
  const { client } = context.connect();
  const [answer, live] = await Promise.all([client.listAgents(), client.listLiveAgents()]);
  if (context.isJson) {
    context.output.json({ ...answer, live });
    return EXIT.completed;
  }
  context.output.table(
    answer.items.map((agent) => [
      agent.id,
      agent.backend,
      agent.available ? "available" : "missing",
      agent.version ?? "-",
      oneLine(agent.reason ?? agent.install ?? agent.name, 100),
    ]),
  );
  if (live.items.length === 0) return EXIT.completed;
  context.output.line(`\n${live.items.length} live, of at most ${live.limit}:`);
  context.output.table(live.items.map(liveRow));
  return EXIT.completed;
}

const MEGABYTE = 1_048_576;

function liveRow({ agent, sessionId, state, idleMs, pid, memoryBytes }: LiveAgent): string[] {
  return [
    agent,
    sessionId,
    idleMs === undefined ? state : `idle for ${Math.round(idleMs / 1_000)} s`,
    pid === undefined ? "-" : `pid ${pid}`,
    memoryBytes === undefined ? "-" : `${Math.round(memoryBytes / MEGABYTE)} MB`,
  ];
}
