import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HookParams } from "../wire.ts";
import { HookError, loadHooks, NO_HOOKS } from "./index.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-hooks-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

let made = 0;
async function module(text: string): Promise<string> {
  const path = join(directory, `hooks-${(made += 1)}.mjs`);
  await writeFile(path, text);
  return path;
}

const place = { sessionId: "ses_1", directory: "/project", root: "/project" };
const told = { sessionId: "ses_1", agent: "build" };

async function load(...texts: string[]) {
  const announced: HookParams[] = [];
  const paths = await Promise.all(texts.map(module));
  const hooks = await loadHooks(paths, { place, announce: (params) => announced.push(params) });
  return { hooks, announced, paths };
}

test("hooks change what they are given in place, in the order of the modules", async () => {
  const { hooks } = await load(
    `export default { "experimental.text.complete": (input, output) => { output.text += " one"; } };`,
    `export default async ({ directory }) => ({
       "experimental.text.complete": async (input, output) => { output.text += " two in " + directory + " of " + input.messageId; },
       "shell.env": () => undefined,
     });`,
  );
  const input = { ...told, messageId: "msg_1", streamId: "0" };
  const output = await hooks.run("experimental.text.complete", input, { text: "said" });
  expect(output).toEqual({ text: "said one two in /project of msg_1" });
  expect([hooks.has("shell.env"), hooks.has("chat.params")]).toEqual([true, false]);
});

test("each call is announced before and after, with the hook and its module, so that one that blocks is known", async () => {
  const { hooks, announced, paths } = await load(`export default { "chat.headers": () => undefined };`);
  expect(announced).toEqual([
    { id: 1, name: `load of ${paths[0]}`, at: "begin" },
    { id: 1, name: `load of ${paths[0]}`, at: "end" },
  ]);
  const running = hooks.run("chat.headers", { ...told, model: { modelId: "m" } }, { headers: {} });
  expect(announced.at(-1)).toEqual({ id: 2, name: `chat.headers of ${paths[0]}`, at: "begin" });
  await running;
  expect(announced.at(-1)).toMatchObject({ id: 2, at: "end" });
});

describe("what is wrong names the hook", () => {
  test("one that throws", async () => {
    const { hooks, announced, paths } = await load(
      `export default { "shell.env": () => { throw new Error("no such variable"); } };`,
    );
    const failed = hooks.run("shell.env", { ...told, directory: "/project", callId: "c" }, { env: {} });
    await expect(failed).rejects.toThrow(HookError);
    await expect(failed).rejects.toThrow(`The hook shell.env of ${paths[0]} failed: no such variable`);
    expect(announced.at(-1)?.at).toBe("end");
  });

  test.each([
    ["a module that cannot be read", "export default {", "failed"],
    ["no default export", "export const a = 1;", "default export"],
    ["a hook that does not exist", `export default { "chat.prams": () => 1 };`, "no hook chat.prams"],
    ["a hook that is no function", `export default { "chat.params": 1 };`, "not a function"],
    ["a function that throws", "export default () => { throw new Error('early'); };", "early"],
  ])("%s", async (_, text, words) => {
    await expect(load(text)).rejects.toThrow(words);
    await expect(load(text)).rejects.toThrow(HookError);
  });
});

test("without hooks nothing happens", async () => {
  expect(
    await NO_HOOKS.run("shell.env", { ...told, directory: "/", callId: "c" }, { env: { A: "1" } }),
  ).toEqual({
    env: { A: "1" },
  });
  expect(NO_HOOKS.has("shell.env")).toBe(false);
});
