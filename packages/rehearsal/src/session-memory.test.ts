import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryStore } from "./session-memory.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "rehearsal-memory-"));
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

const opened = { kind: "session", sessionId: "reh_1", cwd: "/w", createdAt: 1 } as const;

function say(text: string) {
  return { sessionUpdate: "agent_message_chunk", content: { type: "text", text } } as const;
}

describe("MemoryStore", () => {
  test("[A-2] a second store reads what the first one wrote, in order", async () => {
    const store = new MemoryStore(join(home, "deep", "er"));
    await store.create(opened);
    await Promise.all([
      store.append("reh_1", { kind: "remember", word: "kiwi" }),
      store.append("reh_1", { kind: "mode", mode: "auto" }),
      store.append("reh_1", { kind: "turn", at: 2, title: "first", used: 3, updates: [say("a")] }),
      store.append("reh_1", { kind: "remember", word: "plum" }),
      store.append("reh_1", { kind: "turn", at: 4, title: null, used: 7, updates: [say("b")] }),
    ]);
    expect(await new MemoryStore(join(home, "deep", "er")).read("reh_1")).toEqual({
      sessionId: "reh_1",
      cwd: "/w",
      mode: "auto",
      title: "first",
      remembered: "plum",
      used: 7,
      updates: [say("a"), say("b")],
    });
  });

  test("[A-2] a record that a crash cut short is dropped and never joined with the next", async () => {
    const store = new MemoryStore(home);
    await store.create(opened);
    await store.append("reh_1", { kind: "remember", word: "kiwi" });
    const file = join(home, "sessions", "reh_1.jsonl");
    appendFileSync(file, '{"kind":"remember","wo');
    expect((await store.read("reh_1"))?.remembered).toBe("kiwi");
    await store.append("reh_1", { kind: "remember", word: "plum" });
    expect((await store.read("reh_1"))?.remembered).toBe("plum");
    expect(readFileSync(file, "utf8").split("\n")).toHaveLength(4);
  });

  test("[A-2] a file without a whole first line is no session", async () => {
    const store = new MemoryStore(home);
    await store.create(opened);
    appendFileSync(join(home, "sessions", "reh_2.jsonl"), '{"kind":"ses');
    expect(await store.read("reh_2")).toBeUndefined();
    expect((await store.list()).map(({ sessionId }) => sessionId)).toEqual(["reh_1"]);
  });

  test("[A-2] ids that are no ids reach no file, and creating twice fails", async () => {
    const store = new MemoryStore(home);
    expect(await store.list()).toEqual([]);
    await store.create(opened);
    await expect(store.create(opened)).rejects.toThrow("EEXIST");
    expect(await store.read("../sessions/reh_1")).toBeUndefined();
    await expect(store.append("reh_9", { kind: "mode", mode: "ask" })).rejects.toThrow("ENOENT");
    expect(readdirSync(join(home, "sessions"))).toEqual(["reh_1.jsonl"]);
    expect(statSync(join(home, "sessions", "reh_1.jsonl")).mode & 0o777).toBe(0o600);
  });
});
