import { execFile } from "node:child_process";

/** What a program of the system said on stdout within `timeoutMs`, or in one line why it did not. */
export function askProgram(
  [program = "", ...args]: readonly string[],
  timeoutMs: number,
): Promise<{ text: string } | { why: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: timeoutMs, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      if (error === null) return resolve({ text: stdout });
      if (error.code === "ENOENT") return resolve({ why: `There is no ${program} on PATH.` });
      if (error.killed === true) return resolve({ why: `No answer within ${timeoutMs / 1_000} s.` });
      const said = stderr.trim().split("\n", 1)[0];
      resolve({ why: said === undefined || said === "" ? `It ended with ${error.code}.` : said });
    });
  });
}
