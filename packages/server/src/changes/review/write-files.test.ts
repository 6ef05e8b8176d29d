import { expect, test } from "vitest";
import type { Found, PlannedFile } from "./plan.ts";
import {
  backward,
  type CheckoutFiles,
  FilesMoved,
  forward,
  inOrder,
  type Progress,
  standings,
} from "./write-files.ts";

const found = (blob: string, raw = blob): Found => ({ version: { blob, mode: "100644" }, raw });
const file = (key: string, old: string | null, next: string | null): PlannedFile => ({
  key,
  old: old === null ? null : found(old),
  new: next === null ? null : { version: { blob: next, mode: "100644" } },
});

/** Files in memory; `meddle` may change them when they are looked at, as somebody else would. */
class FakeCheckout implements CheckoutFiles {
  readonly files: Map<string, Found>;
  meddle: ((key: string) => void) | undefined;

  constructor(files: Record<string, string>) {
    this.files = new Map(Object.entries(files).map(([key, blob]) => [key, found(blob)]));
  }

  read(keys: readonly string[]): Promise<Map<string, Found>> {
    return Promise.resolve(new Map([...this.files].filter(([key]) => keys.includes(key))));
  }

  identity(key: string): Promise<string> {
    this.meddle?.(key);
    return Promise.resolve(JSON.stringify(this.files.get(key) ?? null));
  }

  write(key: string, version: Found["version"] | undefined, raw: string | undefined): Promise<void> {
    if (version === undefined) this.files.delete(key);
    else this.files.set(key, { version, raw: raw ?? version.blob });
    return Promise.resolve();
  }

  content(): Record<string, string> {
    return Object.fromEntries([...this.files].map(([key, { raw }]) => [key, raw]));
  }
}

const progress = (): Progress => ({ written: new Set(), raws: new Map() });
const PLAN = inOrder([file("a", "a1", "a2"), file("b", "b1", null), file("c", null, "c2")]);

test("[W-8] a plan goes forward from any point of it, and back to the very bytes", async () => {
  for (let count = 0; count <= PLAN.length; count += 1) {
    const checkout = new FakeCheckout({ a: "a1", b: "b1", other: "x" });
    await forward(checkout, PLAN.slice(0, count), progress(), () => undefined);
    await forward(checkout, PLAN, progress(), () => undefined);
    expect(checkout.content()).toEqual({ a: "a2", c: "c2", other: "x" });
    expect(await backward(checkout, PLAN)).toEqual([]);
    expect(checkout.content()).toEqual({ a: "a1", b: "b1", other: "x" });
  }
});

test("[W-8] a file that is neither old nor new stops the plan and is not touched", async () => {
  const checkout = new FakeCheckout({ a: "mine", b: "b1" });
  const own = progress();
  const failure = await forward(checkout, PLAN, own, () => undefined).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FilesMoved);
  expect([...own.written]).toEqual(["b"]);
  expect(await backward(checkout, PLAN)).toEqual(["a"]);
  expect(checkout.content()).toEqual({ a: "mine", b: "b1" });
});

test("[W-8] a file that holds the same for git, but other bytes, is not the one that was there", async () => {
  const checkout = new FakeCheckout({ b: "b1" });
  checkout.files.set("a", found("a1", "a1 with carriage returns"));
  expect((await standings(checkout, PLAN)).get("a")).toBe("neither");
});

test("[W-8] a file that somebody saves between the look and the write keeps what was saved", async () => {
  const checkout = new FakeCheckout({ a: "a1", b: "b1" });
  let asked = 0;
  checkout.meddle = (key) => {
    if (key === "a") asked += 1;
    if (key === "a" && asked === 2) checkout.files.set("a", found("mine"));
  };
  await expect(forward(checkout, PLAN, progress(), () => undefined)).rejects.toBeInstanceOf(FilesMoved);
  expect(checkout.content()["a"]).toBe("mine");
});

test("[W-8] what is written is looked at again", async () => {
  const checkout = new FakeCheckout({ a: "a1", b: "b1" });
  const swallow: CheckoutFiles = {
    read: checkout.read.bind(checkout),
    identity: checkout.identity.bind(checkout),
    write: () => Promise.resolve(),
  };
  await expect(forward(swallow, PLAN, progress(), () => undefined)).rejects.toBeInstanceOf(FilesMoved);
});

test("[W-8] a directory makes room for a file, and a file for a directory", () => {
  const keys = inOrder([file("d", null, "1"), file("d/x", "2", null), file("d/x/y", "3", null)]).map(
    ({ key }) => key,
  );
  expect(keys).toEqual(["d/x/y", "d/x", "d"]);
});
