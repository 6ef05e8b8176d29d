import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { oneLine } from "./output.ts";

export async function agents(context: Context): Promise<ExitCode> {
  const answer = await context.connect().client.listAgents();
  if (context.isJson) context.output.json(answer);
  else {
    context.output.table(
      answer.items.map((agent) => [
        agent.id,
        agent.backend,
        agent.available ? "available" : "missing",
        agent.version ?? "-",
        oneLine(agent.reason ?? agent.install ?? agent.name, 100),
      ]),
    );
  }
  return EXIT.completed;
}
