/** What the demos share: the terminal's text, a repository to work in, and the server as `npm start` starts it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

export const root = join(import.meta.dirname, "..", "..");
export const run = promisify(execFile);

const READY_MS = 180_000;

/** All that was shown, line by line. */
export const screen: string[] = [];
export const show = (text: string): void => {
  screen.push(...text.replace(/\n$/, "").split("\n"));
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
};

/** `npm start`, ready. */
export async function start(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  show("$ npm start");
  const child = spawn("npm", ["start", "--silent"], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  const ready = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The server was not ready in time.")), READY_MS);
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const line = /^holdfast listening on .*$/m.exec(text)?.[0];
      if (line === undefined) return;
      clearTimeout(timer);
      resolve(line);
    });
    child.once("exit", (code) => reject(new Error(`npm start ended with ${code}.`)));
  });
  show((await ready).replace(/:\d+$/, ":4680"));
  return child;
}

/** A repository with these files in its one commit. */
export async function repository(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  const git = (...args: string[]) =>
    run("git", ["-C", path, "-c", "user.name=Demo", "-c", "user.email=demo@example.invalid", ...args]);
  await git("init", "--quiet");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "A project");
}
