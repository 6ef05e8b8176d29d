import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Permission } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, PATIENCE_MS } from "./command.ts";
import { runInPseudoTerminal } from "./terminal.ts";

/** What would not be seen, or would move what is around it, and is not the terminal's own line end. */
const HIDING = /[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]--[ \n\t]]/v;
/** Colours and moves of the cursor are ours; nothing that begins so may come from the text. */
const OWN = /\u001b\[[\d;?]*[A-Za-z]|\r/g;

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;
beforeAll(async () => {
  server = await house.serve();
});
afterAll(() => house.close());

/** Puts the request of a command in a session of its own. */
async function ask(text: string): Promise<Permission> {
  const { id } = await server.client.createSession({
    directory: house.project,
    agent: "rehearsal",
    title: "Tidy\u202e up",
  });
  await server.client.admitInput(id, { parts: [{ type: "text", text }] });
  return vi.waitFor(
    async () => {
      const { items } = await server.client.listPermissions({ state: "pending", sessionId: id });
      if (items[0] === undefined) throw new Error("No open request yet.");
      return items[0];
    },
    { timeout: PATIENCE_MS },
  );
}

/** What a person sees who comes to the session, who looks into the inbox, and who looks at the request. */
async function seen({ id, sessionId }: Permission) {
  const [attached, listed, shown] = await Promise.all([
    house.run(["attach", sessionId]),
    house.run(["permission", "list"]),
    house.run(["permission", "show", id]),
  ]);
  return { attached: attached.stderr, listed: listed.stdout, shown: shown.stdout };
}

const refuse = ({ id }: Permission) => server.client.replyPermission(id, { reply: "reject" });

describe("[I-23] what an agent asks for, on a terminal and in lines", () => {
  const HOSTILE: readonly (readonly [string, string])[] = [
    ["echo \u202e/* \u2066; touch x", "echo <U+202E>/* <U+2066>; touch x"],
    ["r\u200bm -rf \u{e0061}\u{e0062}x", "r<U+200B>m -rf <U+E0061><U+E0062>x"],
    ["echo \u3164\u009b2J\u2028x", "echo <U+3164><U+009B>2J<U+2028>x"],
    [`echo ok${" ".repeat(400)}; touch x`, "echo ok<U+0020 x400>; touch x"],
  ];
  test("[I-23] what would not be seen is marked, wherever the request is shown", async () => {
    const command = HOSTILE.map(([text]) => text).join(" && ");
    const marked = HOSTILE.map(([, text]) => text).join(" && ");
    const asked = await ask(`BASH ${command}`);
    const { attached, listed, shown } = await seen(asked);
    const json = (await house.run(["permission", "show", asked.id, "--json"])).stdout;
    await refuse(asked);
    expect(attached).toContain(`command: ${marked}`);
    expect(attached).toContain("characters that would not be seen");
    expect(listed).toMatch(/echo <U\+202E>\/\* <U\+2066>; touch x .*<\+\d+ characters>/);
    expect(shown).toContain(`command: ${marked}`);
    for (const text of [attached, listed, shown, json]) expect(text).not.toMatch(HIDING);
    expect((JSON.parse(json) as Permission).args["command"]).toBe(command);
  });

  test.runIf(isWhole)(
    "[I-23] a long command is shown whole, a very long one with its end, how much is left out, and how to see it",
    async () => {
      const first = await ask(`BASH echo ${"a".repeat(2_000)}; touch /tmp/x`);
      const long = await seen(first);
      await refuse(first);
      expect(long.attached).toContain(`command: echo ${"a".repeat(2_000)}; touch /tmp/x`);
      expect(long.listed).toMatch(/echo a+<\+1\d{3} characters>a*; touch \/tmp\/x/);

      const asked = await ask(`BASH echo ${"a".repeat(20_000)}${"b".repeat(20_000)}; touch /tmp/x`);
      const longer = await seen(asked);
      await refuse(asked);
      expect(longer.attached).toMatch(/command: echo a+<\+3\d{4} characters>b+; touch \/tmp\/x/);
      expect(longer.attached).toContain(`holdfast permission show ${asked.id}`);
      expect(longer.shown).toContain(`a${"b".repeat(20_000)}; touch /tmp/x`);
    },
  );

  test.runIf(isWhole)("[I-23] a request that is too old for the list is shown whole as well", async () => {
    const asked = await ask("BASH echo old");
    await refuse(asked);
    const crowded = createServer(({ url }, response) => {
      const isOne = url === `/api/permissions/${asked.id}`;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(isOne ? asked : { items: [], total: 1_001 }));
    });
    await new Promise<void>((resolve) => crowded.listen(0, "127.0.0.1", resolve));
    try {
      const env = { HOLDFAST_URL: `http://127.0.0.1:${(crowded.address() as AddressInfo).port}` };
      const { code, stdout } = await house.run(["permission", "show", asked.id], { env });
      expect(stdout).toContain("command: echo old");
      expect(code).toBe(0);
    } finally {
      crowded.close();
    }
    expect((await house.run(["permission", "show", `per_${"0".repeat(26)}`])).code).toBe(4);
  });

  test("[I-23, A-19] a request without a command or a path says that `always` would allow its whole tool", async () => {
    const asked = await ask("ASK May I look?");
    const { attached, shown } = await seen(asked);
    const said = `always allows: every call of ${asked.tool}, whatever it is given`;
    await refuse(asked);
    expect(attached).toContain(said);
    expect(shown).toContain(said);
  });

  test("[I-23] the question of run", async () => {
    const words = `BASH echo ${"a".repeat(6_000)}b\u202e${"c".repeat(2_000)}; touch x`;
    writeFileSync(join(house.root, "prompt"), words);
    const command = `${process.execPath} ${house.bin} run --agent rehearsal "$(cat ${join(house.root, "prompt")})"`;
    const env = { ...house.environment, TERM: "xterm", CI: "" };
    let shown = "";
    const place = { columns: 80, rows: 24, cwd: house.project, env };
    const { type, ended } = runInPseudoTerminal(command, place, (text) => (shown += text));
    const sees = (text: string | RegExp) =>
      vi.waitFor(() => expect(shown).toMatch(text), { timeout: PATIENCE_MS });
    await sees(/command: echo a+<\+\d+ characters>c+; touch x[^]*\[s\]how all: /);
    expect(shown).not.toContain("a".repeat(6_000));
    type("s\r");
    await sees(/a{6000}b<U\+202E>c{2000}; touch x[^]*\[s\]how all: /);
    expect(shown.replaceAll(OWN, "")).not.toMatch(HIDING);
    type("r\r");
    await ended;
  });

  test("[I-23, W-6] paths and patches of changes", async () => {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: house.project });
    git("init", "-q");
    git(
      "-c",
      "user.name=A",
      "-c",
      "user.email=a@example.invalid",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "x",
    );
    const directives = "WRITE ok\u202etxt.sh if (a) { // \u2066\u202e\nWRITE \u200bok no";
    const { id: place } = await server.client.createSession({
      directory: house.project,
      agent: "rehearsal",
      approvalMode: "all",
    });
    await server.client.admitInputAndWait(
      place,
      { parts: [{ type: "text", text: directives }] },
      { timeoutMs: 240_000 },
    );
    const listed = await house.run(["changes", "list", place]);
    expect(listed.stdout).toMatch(/ ok<U\+202E>txt\.sh$/m);
    expect(listed.stdout).toMatch(/ <U\+200B>ok$/m);
    const patch = await house.run(["changes", "diff", place], { env: { FORCE_COLOR: "1" } });
    expect(patch.stdout).toContain("+if (a) { // <U+2066><U+202E>");
    const piped = await house.run(["changes", "diff", place]);
    expect(piped.stdout).toContain("+if (a) { // \u2066\u202e");
    const accepted = await house.run(["changes", "accept", place, "--all"]);
    expect(accepted.stderr).toContain("ok<U+202E>txt.sh");
    for (const text of [listed.stdout, patch.stdout.replaceAll(OWN, ""), accepted.stderr])
      expect(text).not.toMatch(HIDING);
  });
});
