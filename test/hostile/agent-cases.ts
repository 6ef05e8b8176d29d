/** Deeds of a hostile agent, each with what becomes of its turn. Whatever it is, the turn ends, and the next one works. */
import { until } from "../harness/index.ts";
import { processesWith } from "../harness/index.ts";
import { DEED_NAMES } from "./hostile-agent.ts";
import type { HostileCase, Target, Verdict } from "./http-cases.ts";

const TURN_MS = 240_000;

/** States in which a turn may end, by deed; everything else must be `completed`. */
const ENDS: Readonly<Record<string, RegExp>> = {
  "long-line": /^(completed|failed)/,
  "endless-line": /^(completed|failed)/,
  "odd-answers": /^(completed|failed)/,
  deep: /^(completed|failed)/,
  "large-end": /^(completed|failed)/,
  dies: /^failed \/ crashed/,
  "dies-in-a-line": /^failed \/ crashed/,
};

export const HOSTILE_AGENT = "hostile";

/** One turn of the hostile agent; answers how it ended. */
export async function deed({ server }: Target, prompt: string): Promise<string> {
  const { client } = server;
  const session = await client.createSession({
    // What others do in the project, such as waiting for an answer for ever, must not hold up the deed.
    directory: await server.place("deeds"),
    agent: HOSTILE_AGENT,
    approvalMode: "all",
  });
  const { turn } = await client.admitInput(session.id, { parts: [{ type: "text", text: prompt }] });
  const ended = await until(
    `the end of ${prompt}`,
    async () => {
      const now = await client.getTurn(turn.id);
      return ["completed", "failed", "aborted"].includes(now.state) ? now : undefined;
    },
    TURN_MS,
  );
  return `${ended.state}${ended.reason === undefined ? "" : ` / ${ended.reason}`}`;
}

async function doDeed(target: Target, name: string): Promise<Verdict> {
  const got = await deed(target, `HOSTILE ${name}`).catch((error: unknown) => String(error));
  const isFine = (ENDS[name] ?? /^completed/).test(got);
  if (name !== "escaping-children") return { got, isFine };
  const escaped = () => processesWith("HOLDFAST_LAUNCH_ID=").length;
  return { got: `${got}; ${escaped()} processes of agents live`, isFine };
}

export const AGENT_CASES: readonly HostileCase[] = DEED_NAMES.map((name) => ({
  name: `agent: ${name}`,
  rules: "A-13, A-17",
  run: (target) => doDeed(target, name),
}));
