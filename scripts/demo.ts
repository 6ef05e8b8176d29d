/**
 * Does what the README says, line by line: starts the server with `npm start`, runs the blocks marked `demo-run` and `demo-show`, with a `kill -9`
 * of the server between them, and prints the session's text before and after; then `demo-work` and `demo-review`, with the file before and after.
 * `--svg FILE` keeps the terminal's picture. Exits 1 when the session or the file came back in any way different. `native`: Holdfast's own agent
 * at work instead (`demo/native.ts`).
 */
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nativeDemo } from "./demo/native.ts";
import { repository, root, run, screen, show, start } from "./demo/stage.ts";
import { terminalPicture } from "./demo/terminal-picture.ts";

const LINE_MS = 60_000;

/** The README's block of this name, as commands; a command goes on over the lines of an open quote. */
async function block(name: string): Promise<string[]> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const text = new RegExp(`^\`\`\`sh ${name}\n([\\s\\S]*?)^\`\`\`$`, "m").exec(readme)?.[1];
  if (text === undefined) throw new Error(`The README has no block "${name}".`);
  const commands: string[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const open = commands.at(-1);
    if (open !== undefined && (open.match(/"/g)?.length ?? 0) % 2 === 1)
      commands[commands.length - 1] = `${open}\n${line}`;
    else commands.push(line);
  }
  return commands;
}

async function commands(
  name: string,
  env: NodeJS.ProcessEnv,
  after?: (command: string) => Promise<void>,
): Promise<string[]> {
  const outputs: string[] = [];
  for (const command of await block(name)) {
    show(`$ ${command.replaceAll("$SESSION", env["SESSION"] ?? "")}`);
    const { stdout, stderr } = await run("sh", ["-c", command], { cwd: root, env, timeout: LINE_MS });
    show(stderr + stdout);
    outputs.push(stdout);
    await after?.(command);
  }
  return outputs;
}

const holdfast = async (env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> =>
  (await run("npx", ["holdfast", ...args], { cwd: root, env, timeout: LINE_MS })).stdout;

type Shown = { messages: unknown[] };
const messages = async (env: NodeJS.ProcessEnv, id: string): Promise<unknown[]> =>
  (JSON.parse(await holdfast(env, "session", "show", id, "--json")) as Shown).messages;

async function newestSession(env: NodeJS.ProcessEnv): Promise<string> {
  const { items } = JSON.parse(await holdfast(env, "session", "list", "--json")) as {
    items: { id: string }[];
  };
  return items[0]?.id ?? "";
}

/** An agent's work in a worktree, applied and taken back; answers whether the checkout was changed by nothing else. */
async function review(env: NodeJS.ProcessEnv, repo: string): Promise<boolean> {
  const file = () => readFile(join(repo, "README.md"), "utf8");
  const before = await file();
  await commands("demo-work", env);
  const isIsolated = (await file()) === before;
  env["SESSION"] = await newestSession(env);
  const texts: string[] = [];
  await commands("demo-review", env, async (command) => {
    if (command.includes("changes list")) return;
    texts.push(await file());
    show(`$ cat "$REPO/README.md"\n${texts.at(-1) ?? ""}`);
  });
  const same = isIsolated && texts[0]?.includes("A better project") === true && texts[1] === before;
  show(same ? "# the change was applied, and taken back exactly" : "# THE CHECKOUT IS NOT WHAT IT WAS");
  return same;
}

async function demo(home: string): Promise<boolean> {
  const repo = join(home, "repository");
  await repository(repo, { "README.md": "# A project\n" });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    REPO: repo,
    HOLDFAST_DATA_DIR: join(home, "data"),
    HOLDFAST_PORT: "0",
    HOLDFAST_LOG_LEVEL: "warn",
    REHEARSAL_HOME: join(home, "rehearsal"),
    NO_COLOR: "1",
  };
  let server = await start(env);
  try {
    await commands("demo-run", env);
    show(`$ cat "$REPO/notes.txt"\n${await readFile(join(repo, "notes.txt"), "utf8")}`);
    env["SESSION"] = await newestSession(env);
    const before = await messages(env, env["SESSION"]);
    const { pid } = JSON.parse(await readFile(join(home, "data", "server.json"), "utf8")) as { pid: number };
    show("$ kill -9 <the server>");
    const gone = once(server, "exit");
    process.kill(pid, "SIGKILL");
    await gone;
    server = await start(env);
    const after = await messages(env, env["SESSION"]);
    const [, , recalled] = await commands("demo-show", env);
    const same = JSON.stringify(before) === JSON.stringify(after);
    show(same ? "# the session is there, word for word" : "# THE SESSION CAME BACK DIFFERENT");
    const isReviewed = await review(env, repo);
    return same && recalled?.trim() === "heron" && before.length > 0 && isReviewed;
  } finally {
    server.kill("SIGTERM");
    if (server.exitCode === null) await once(server, "exit");
  }
}

const home = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
try {
  const play = process.argv.includes("native") ? nativeDemo : demo;
  process.exitCode = (await play(home)) ? 0 : 1;
} finally {
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
const svg = process.argv.indexOf("--svg");
const target = svg === -1 ? undefined : process.argv[svg + 1];
if (target !== undefined) {
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, terminalPicture(screen.map((line) => line.replaceAll(home, "~"))));
}
