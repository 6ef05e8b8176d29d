/** Commands that an agent asks for, as the command line shows them to whoever decides (I-23): nothing hides, and what is cut says so. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { HOLDFAST, until } from "../harness/index.ts";
import type { HostileCase, Target, Verdict } from "./http-cases.ts";

const run = promisify(execFile);
const HIDING = /[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]--[ \n]]/v;

type Shown = { name: string; command: string; list: RegExp; show: RegExp };

/** What must stand in the list of requests, and in one that is shown whole. */
const COMMANDS: readonly Shown[] = [
  {
    name: "what is not seen, and a forged mark",
    command: `ls \u202e#\u2066\u{e0072}\u200b\u009b2J\u2028${" ".repeat(3_000)}; rm -rf <U+202E>`,
    list: /ls <U\+202E>#<U\+2066><U\+E0072><U\+200B><U\+009B>2J<U\+2028>/,
    show: /command: ls <U\+202E>#.*<U\+2028><U\+0020 x3000>; rm -rf <U\+003C>U\+202E>$/m,
  },
  {
    name: "letters that turn what is beside them",
    command: "chmod \u05d0 777 \u0627/\u0628",
    list: /chmod \u05d0 <U\+0037>77 \u0627\/<U\+0628>/,
    show: /command: chmod \u05d0 <U\+0037>77 \u0627\/<U\+0628>$/m,
  },
  {
    name: "an end that is far away",
    command: `echo ${"a".repeat(50_000)}; rm -rf /`,
    list: /a<\+\d+ characters>a*; rm -rf \/$/m,
    show: /command: echo a{50000}; rm -rf \/$/m,
  },
];

async function look({ server }: Target, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [HOLDFAST, "permission", ...args], {
    env: { PATH: process.env["PATH"], HOME: server.root, HOLDFAST_DATA_DIR: join(server.root, "data") },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

async function decide(target: Target, { command, list, show }: Shown): Promise<Verdict> {
  const { client } = target.server;
  const directory = await target.server.place("approvals");
  const { id } = await client.createSession({ directory, agent: "rehearsal", approvalMode: "ask" });
  await client.admitInput(id, { parts: [{ type: "text", text: `BASH ${command}` }] });
  const asked = await until(
    "the request",
    async () => (await client.listPermissions({ sessionId: id })).items[0],
  );
  const listed = await look(target, "list", "--session", id);
  const shown = await look(target, "show", asked.id);
  await client.replyPermission(asked.id, { reply: "reject" });
  const hidden = HIDING.exec(listed + shown)?.[0].codePointAt(0);
  if (hidden !== undefined) return { got: `shows U+${hidden.toString(16)} as it is`, isFine: false };
  const isFine = list.test(listed) && show.test(shown) && asked.args["command"] === command;
  return { got: isFine ? "shown" : "not shown as it is", isFine };
}

export const APPROVAL_CASES: readonly HostileCase[] = COMMANDS.map((shown) => ({
  name: `approval: ${shown.name}`,
  rules: "I-23",
  run: (target) => decide(target, shown),
}));
