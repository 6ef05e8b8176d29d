import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import type { SessionId } from "@holdfast/protocol";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { isWhole } from "../../../test/harness/sample.ts";
import { createHouse, PATIENCE_MS } from "./command.ts";
import { runInPseudoTerminal, runInTerminal } from "./terminal.ts";

const house = createHouse();
let server: Awaited<ReturnType<typeof house.serve>>;
let first: SessionId;
let second: SessionId;
let archived: SessionId;
let env: Record<string, string>;

/** Bash has to be there; another shell is tried where it is. */
const has = (shell: string) =>
  (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      return execFileSync(join(directory, shell), ["-c", "echo yes"], { encoding: "utf8" }) === "yes\n";
    } catch {
      return false;
    }
  });

beforeAll(async () => {
  server = await house.serve();
  const make = (title: string) =>
    server.client.createSession({ directory: house.project, agent: "rehearsal", title });
  first = (await make("First of all")).id;
  second = (await make("Second: it's $HOME `id`")).id;
  archived = (await make("Put away")).id;
  await server.client.patchSession(archived, { archived: true });
  const bin = join(house.root, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "holdfast"), `#!/bin/sh\nexec '${process.execPath}' '${house.bin}' "$@"\n`);
  chmodSync(join(bin, "holdfast"), 0o755);
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await house.run(["completion", shell]);
    if (script.code !== 0) throw new Error(script.stderr);
    writeFileSync(join(house.root, `completion.${shell}`), script.stdout);
  }
  mkdirSync(join(house.project, "a directory"));
  writeFileSync(join(house.project, "a file"), "");
  env = { ...house.environment, PATH: `${bin}${delimiter}${house.environment["PATH"] ?? ""}`, TERM: "xterm" };
});
afterAll(() => house.close());

/** Asks the server again, by another Tab, when it was too slow for the last one. */
const ANSWER_MS = 3_000;
const tabs =
  (type: (text: string) => void, sees: (text: string, timeout?: number) => Promise<void>) =>
  async (text: string): Promise<void> => {
    for (let tries = Math.floor(PATIENCE_MS / ANSWER_MS); ; tries -= 1) {
      type("\t");
      try {
        return await sees(text, ANSWER_MS);
      } catch (error) {
        if (tries === 0) throw error;
      }
    }
  };
const eventually = (look: () => void) => vi.waitFor(look, { timeout: PATIENCE_MS });

/** What bash would offer for a line with the cursor at its end: the function that it calls, called with what bash gives it. */
function inBash(line: string, type = 9, more: Record<string, string> = {}): string[] {
  const program = [
    `source "$COMPLETION"`,
    `COMP_LINE="$LINE" COMP_POINT=\${#LINE} COMP_TYPE=${type}`,
    `_holdfast holdfast "" "" 2>"$ERRORS"`,
    `[[ -s $ERRORS ]] && cat "$ERRORS" >&2 && exit 1`,
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join("\n");
  const given = {
    LINE: line,
    COMPLETION: join(house.root, "completion.bash"),
    ERRORS: join(house.root, "errors"),
  };
  const options = { cwd: house.project, env: { ...env, ...given, ...more }, encoding: "utf8" } as const;
  return execFileSync("bash", ["--norc", "-c", program], options)
    .split("\n")
    .filter((word) => word !== "");
}

describe("[I-9] completion in bash", () => {
  test.each<[string, string[]]>([
    ["holdfast se", ["serve", "service", "session"]],
    [
      "holdfast session ",
      ["list", "show", "new", "rename", "after-limit", "save", "archive", "unarchive", "delete"],
    ],
    ["holdfast session re", ["rename"]],
    ["holdfast --json session sh", ["show"]],
    ["holdfast --url http://127.0.0.1:1 turn s", ["send", "stop"]],
    ["holdfast run --out", ["--output"]],
    ["holdfast run --output ", ["text", "stream-json"]],
    ["holdfast run --output=s", ["stream-json"]],
    ["holdfast session new --approval-mode=", ["ask", "edits", "all", "readOnly"]],
    ["holdfast session list --arch", ["--archived"]],
    ["holdfast completion ", ["bash", "zsh", "fish"]],
    ["holdfast permission reply per_x ", ["once", "always", "reject"]],
    ["holdfast session list --limit ", []],
    ["holdfast session list --title session ", []],
    ["holdfast run -- --out", []],
    ["holdfast run -C ", ["a directory"]],
    ["holdfast --config a", ["a directory", "a file"]],
    ["holdfast nonsense ", []],
  ])("%j", (line, words) => expect(inBash(line).toSorted()).toEqual(words.toSorted()));

  test.runIf(isWhole)("[I-9] nothing that is typed is run before Enter", () => {
    const marker = join(house.root, "was-run");
    for (const word of [
      `"$(touch ${marker})"`,
      `\`touch ${marker}\``,
      `$(touch ${marker})`,
      `;touch ${marker};`,
    ]) {
      expect(inBash(`holdfast run ${word} --out`)).toEqual(["--output"]);
      expect(inBash(`holdfast --url ${word} session re`)).toEqual(["rename"]);
      inBash(`holdfast --url ${word} attach `);
    }
    expect(existsSync(marker)).toBe(false);
  });

  test("every visible command and option is offered, and nothing that is hidden", async () => {
    const help = (await house.run(["--help"])).stdout;
    const commands = [...help.matchAll(/^ {2}([a-z][a-z-]*)(?: |$)/gm)].map((match) => match[1]);
    expect(new Set(inBash("holdfast "))).toEqual(new Set(commands.filter((name) => name !== "help")));
    expect(inBash("holdfast __")).toEqual([]);
    const options = (await house.run(["attach", "--help"])).stdout.match(/--[a-z-]+/g) ?? [];
    expect(inBash("holdfast attach --")).toEqual(
      expect.arrayContaining(options.filter((name) => name !== "--data")),
    );
  });

  test("ids come from the server, with titles while there are several", async () => {
    const both = [`${first}  First of all`, `${second}  Second: it's $HOME \`id\``];
    await eventually(() => expect(inBash("holdfast attach ")).toEqual(both.toReversed()));
    await eventually(() => expect(inBash("holdfast attach ses_", 37)).toEqual([second, first]));
    await eventually(() => expect(inBash(`holdfast run --session ${first}`)).toEqual([first]));
    await eventually(() => expect(inBash("holdfast session unarchive ")).toEqual([archived]));
    await eventually(() => expect(inBash("holdfast run --agent reh")).toEqual(["rehearsal"]));
    expect(inBash("holdfast permission reply ")).toEqual([]);
  });

  test.runIf(isWhole)("the options that find the server hold for ids too", async () => {
    const elsewhere = { HOLDFAST_DATA_DIR: join(house.root, "nowhere") };
    expect(inBash("holdfast attach ", 9, elsewhere)).toEqual([]);
    for (const option of ["--data-dir ", "--data-dir="]) {
      const line = `holdfast ${option}${house.dataDirectory} attach `;
      await eventually(() => expect(inBash(line, 9, elsewhere)).toHaveLength(2));
    }
  });

  test("Tab in a real bash completes a command, lists ids with titles, and completes one", async () => {
    const rc = join(house.root, "bashrc");
    writeFileSync(
      rc,
      `source ${join(house.root, "completion.bash")}\nPS1='$ '\nbind 'set show-all-if-ambiguous on'\n`,
    );
    const place = { columns: 120, rows: 30, cwd: house.project, env };
    const { terminal, type, ended } = runInTerminal(`bash --noprofile --rcfile ${rc} -i`, place);
    const sees = (text: string, timeout = PATIENCE_MS) =>
      vi.waitFor(() => expect(terminal.text()).toContain(text), { timeout });
    const tab = tabs(type, sees);
    await sees("$");
    type("holdfast sess\t");
    await sees("$ holdfast session");
    type("show ");
    await tab(`${first}  First of all`);
    await sees(`${second}  Second: it's $HOME \`id\``);
    type("\u0015");
    type(`holdfast attach ${first.slice(0, -1)}`);
    await tab(`holdfast attach ${first}`);
    type("\u0015exit\r");
    await ended;
  });
});

describe.runIf(has("fish"))("[I-9] completion in fish", () => {
  const inFish = (line: string): string[] =>
    execFileSync(
      "fish",
      ["--no-config", "-c", `source ${join(house.root, "completion.fish")}; complete -C '${line}'`],
      { cwd: house.project, env, encoding: "utf8" },
    )
      .split("\n")
      .filter((word) => word !== "");
  const names = (line: string) => inFish(line).map((entry) => entry.split("\t")[0]);

  test.each<[string, string[]]>([
    ["holdfast se", ["serve", "service", "session"]],
    ["holdfast session re", ["rename"]],
    ["holdfast --json session sh", ["show"]],
    ["holdfast run --output ", ["stream-json", "text"]],
    ["holdfast run --output=s", ["--output=stream-json"]],
    ["holdfast session list --arch", ["--archived"]],
    ["holdfast session list --limit ", []],
    ["holdfast run -C a", ["a directory/"]],
    ["holdfast run --agent reh", ["rehearsal"]],
  ])("%j", (line, words) => eventually(() => expect(names(line)).toEqual(words)));

  test("ids come with titles, commands with what they do", async () => {
    const both = [`${first}\tFirst of all`, `${second}\tSecond: it's $HOME \`id\``];
    await eventually(() => expect(inFish("holdfast attach ").toSorted()).toEqual(both));
    expect(inFish("holdfast doc")).toEqual(["doctor\tlook for trouble; change nothing"]);
  });
});

describe.runIf(has("zsh"))("[I-9] completion in zsh", () => {
  test("Tab in a real zsh completes a command and an option, lists ids with titles, and completes one", async () => {
    const home = join(house.root, "zsh");
    mkdirSync(home);
    writeFileSync(
      join(home, ".zshrc"),
      `autoload -U compinit; compinit -u\nsource ${join(house.root, "completion.zsh")}\nPS1='ready> '\n`,
    );
    let shown = "";
    const place = { columns: 120, rows: 30, cwd: house.project, env: { ...env, ZDOTDIR: home } };
    const { type, ended } = runInPseudoTerminal("zsh -i", place, (text) => (shown += text));
    const sees = (text: string, timeout = PATIENCE_MS) =>
      vi.waitFor(() => expect(shown.replaceAll(/\u001b\[[?\d;]*[A-Za-z]/g, "")).toContain(text), {
        timeout,
      });
    const tab = tabs(type, sees);
    await sees("ready> ");
    type("holdfast sess\t");
    await sees("session ");
    type("list --arch\t");
    await sees("--archived ");
    shown = "";
    type("\u0015holdfast attach ");
    await tab(`${first}  -- First of all`);
    await sees(`${second}  -- Second`);
    shown = "";
    type(`\u0015holdfast attach ${first.slice(0, -1)}`);
    await tab(`${first} `);
    type("\u0015exit\r");
    await ended;
  });
});

describe("[I-9] what a shell asks for while somebody waits", () => {
  const deaf: Server = createServer(() => undefined);
  beforeAll(() => new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve)));
  afterAll(() => deaf.close());
  const ask = async (kind: string, env: Record<string, string> = {}) => {
    return await house.run(["__complete", kind], { env });
  };
  const took = async (asking: Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await asking;
    return performance.now() - began;
  };

  test.runIf(isWhole)("[I-9] nothing is printed on failure, neither here nor there", async () => {
    const { port } = deaf.address() as AddressInfo;
    for (const [kind, env] of [
      ["sessions", { HOLDFAST_DATA_DIR: "/nonexistent" }],
      ["sessions", { HOLDFAST_URL: "http://127.0.0.1:9" }],
      ["sessions", { HOLDFAST_URL: `http://127.0.0.1:${port}` }],
      ["sessions", { HOLDFAST_URL: "not a url" }],
      ["sessions", { HOLDFAST_TOKEN: "x".repeat(40) }],
      ["nonsense", {}],
    ] as const) {
      expect(await ask(kind, env)).toMatchObject({ code: 1, stdout: "", stderr: "" });
    }
  });

  test("[I-9] a server that never answers costs half a second, not its own deadline", async () => {
    const { port } = deaf.address() as AddressInfo;
    // Half a second and the start of a program, beside the half minute that a request may take.
    expect(await took(ask("sessions", { HOLDFAST_URL: `http://127.0.0.1:${port}` }))).toBeLessThan(25_000);
  });

  test("[I-9] a title cannot break the lines, nor steer the terminal", async () => {
    const { id } = await server.client.createSession({
      directory: house.project,
      agent: "rehearsal",
      title: "a\tb\nc\u001b[2J\u009b",
    });
    await vi.waitFor(
      async () => expect((await ask("sessions")).stdout).toContain(`${id}\ta b c<U+001B>[2J<U+009B>\n`),
      { timeout: PATIENCE_MS },
    );
    await server.client.deleteSession(id);
  });
});
