import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { durable, type Intent, type IntentTransport } from "@holdfast/client";
import { intentsInFile } from "@holdfast/client/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const intent = (opId: string, more: Partial<Intent> = {}): Intent => ({
  opId,
  batchId: "bat_1",
  seq: 1,
  method: "comment",
  args: {},
  dependsOn: [],
  state: "pending",
  attempts: 0,
  ...more,
});

describe("intents in a file", () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-intents-"));
    path = join(directory, "below", "calls.json");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test("[S-27] what was saved is there for the next program, for nobody else to read, and nothing beside it", async () => {
    const first = intentsInFile(path);
    expect(await first.load()).toEqual([]);
    await first.save([intent("a"), intent("b")]);
    await first.save([intent("b", { state: "acked", result: 1 })], ["a"]);
    expect(await intentsInFile(path).load()).toEqual([intent("b", { state: "acked", result: 1 })]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, "below")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(directory, "below"))).toEqual(["calls.json"]);
  });

  test("[S-27] programs that save at the same time write over nothing of one another", async () => {
    const stores = [intentsInFile(path), intentsInFile(path), intentsInFile(path)];
    const saves = stores.flatMap((store, one) =>
      Array.from({ length: 10 }, (_, at) => store.save([intent(`${one}.${at}`)])),
    );
    await Promise.all(saves);
    expect(await intentsInFile(path).load()).toHaveLength(30);
  });

  test("[S-27] a lock that a dead program left holds nobody up for long, and one that is held holds", async () => {
    const store = intentsInFile(path);
    await store.save([intent("a")]);
    const lock = `${path}.lock`;
    writeFileSync(lock, "");
    let isSaved = false;
    const saved = store.save([intent("b")]).then(() => (isSaved = true));
    expect(await intentsInFile(path).load()).toHaveLength(1);
    expect(isSaved).toBe(false);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    await saved;
    expect(await store.load()).toHaveLength(2);
    expect(existsSync(lock)).toBe(false);
  });

  test("[S-27] what cannot be written is not stored, and a file that holds something else is not written over", async () => {
    const store = intentsInFile(path);
    await store.save([intent("a")]);
    writeFileSync(path, "[{");
    await expect(store.load()).rejects.toThrow("holds no calls of a ref");
    await expect(store.save([intent("b")])).rejects.toThrow("holds no calls of a ref");
    writeFileSync(path, JSON.stringify([intent("a")]));
    if (process.getuid?.() !== 0) {
      chmodSync(join(directory, "below"), 0o500);
      await expect(store.save([intent("b")])).rejects.toThrow("EACCES");
      chmodSync(join(directory, "below"), 0o700);
    }
    await store.save([intent("b")]);
    expect((await store.load()).map(({ opId }) => opId)).toEqual(["a", "b"]);
  });

  test("[S-27] calls of a program that ended are made by the next one", async () => {
    const silent: IntentTransport = { send: () => Promise.reject(new Error("nobody is there")) };
    const first = await durable({ intents: intentsInFile(path), transports: [silent] });
    const call = first.call("comment", { sessionId: "s" as never, on: "m" as never, text: "x" });
    await call.stored;
    await first.close();
    const answers: IntentTransport = {
      async send(group, { tell }) {
        for (const { opId, args } of group) await tell({ opId, result: args["text"] });
      },
    };
    const second = await durable({ intents: intentsInFile(path), transports: [answers] });
    expect(await second.result(call.opId)).toBe("x");
    await second.close();
  });
});
