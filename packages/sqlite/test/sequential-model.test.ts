import * as fc from "fast-check";
import { expect, test } from "vitest";
import { amount } from "../../../test/harness/sample.ts";
import type { AddArgs, GrowArgs } from "./ledger-module.ts";
import { openLedger } from "./runner-fixture.ts";

type Step = { pause: boolean } & ({ name: "add"; args: AddArgs } | { name: "grow"; args: GrowArgs });

const label = fc.constantFrom("a", "b", "c");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    pause: fc.boolean(),
    name: fc.constant("add" as const),
    args: fc.record({ account: label, amount: fc.integer({ min: -9, max: 9 }), fail: fc.boolean() }),
  }),
  fc.record({
    pause: fc.boolean(),
    name: fc.constant("grow" as const),
    args: fc.record({
      name: label,
      text: fc.string({ minLength: 1, maxLength: 3 }),
      fail: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    }),
  }),
);

/** What one command after the other would leave, and answer. */
class Model {
  readonly balances = new Map<string, number>();
  readonly texts = new Map<string, string>();

  /** The answer, or undefined for a refusal. */
  apply({ name, args }: Step): number | string | undefined {
    if (args.fail === true) return undefined;
    if (name === "add") {
      const balance = (this.balances.get(args.account) ?? 0) + args.amount;
      this.balances.set(args.account, balance);
      return balance;
    }
    if (args.text.includes("!")) return undefined;
    const text = (this.texts.get(args.name) ?? "") + args.text;
    this.texts.set(args.name, text);
    return text;
  }
}

test("[D-34] many callers with random failures leave what one after the other would leave", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 8 }),
      async (callers) => {
        const runner = await openLedger({ synchronous: "OFF" });
        const model = new Model();
        const noted = { sums: new Map<string, number>(), texts: new Map<string, string>() };
        runner.onNotes((notes) => {
          for (const note of notes as { account?: string; amount: number; grew: string; text: string }[]) {
            if (note.account === undefined)
              noted.texts.set(note.grew, (noted.texts.get(note.grew) ?? "") + note.text);
            else noted.sums.set(note.account, (noted.sums.get(note.account) ?? 0) + note.amount);
          }
        });
        const call = async (next: Step): Promise<void> => {
          const promise = runner.run<number | string>(next.name, next.args);
          const expected = model.apply(next);
          const actual = await promise.catch(() => undefined);
          // A merged text may already hold what its neighbours added.
          const head = typeof expected === "string" ? String(actual).slice(0, expected.length) : actual;
          expect(head).toBe(expected);
        };
        await Promise.all(
          callers.map(async (steps) => {
            const unfinished: Promise<void>[] = [];
            for (const next of steps) {
              unfinished.push(call(next));
              if (next.pause) await unfinished.at(-1);
            }
            await Promise.all(unfinished);
          }),
        );
        const stored = (sql: string) =>
          new Map(runner.reader.all<{ key: string; value: unknown }>(sql).map((row) => [row.key, row.value]));
        expect(stored("SELECT name AS key, balance AS value FROM account")).toEqual(model.balances);
        expect(stored("SELECT name AS key, text AS value FROM growing")).toEqual(model.texts);
        expect(noted.sums).toEqual(model.balances);
        expect(noted.texts).toEqual(model.texts);
        await runner.close();
      },
    ),
    { numRuns: amount(15, 40) },
  );
});
