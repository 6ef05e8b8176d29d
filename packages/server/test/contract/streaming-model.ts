import { newId } from "@holdfast/kernel";
import type { DeltaField, Part } from "@holdfast/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ProgressOp, StartedTurn } from "../../src/store/index.ts";
import { refusalOf } from "./refusal.ts";
import { delta, placeOf, textPart, toolPart } from "./rig.ts";
import { topic } from "./topic.ts";

type Step =
  | { kind: "open"; part: "text" | "reasoning" | "tool"; text: string }
  | { kind: "delta"; at: number; output: boolean; text: string }
  | { kind: "wrong"; at: number; by: number }
  | { kind: "checkpoint"; at: number }
  | { kind: "close"; at: number }
  | { kind: "other" };

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const at = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("open"),
      part: fc.constantFrom("text", "reasoning", "tool"),
      text,
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("delta"), at, output: fc.boolean(), text }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wrong"), at, by: fc.constantFrom(-1, 1, 100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("checkpoint"), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close"), at }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("other") }) },
);

/** Commands of some steps each: what shares a command shares its transaction. */
const schedule = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });

/** What the parts of an answer must be, by hand. */
class Model {
  readonly parts: Part[] = [];
  readonly open: Part[] = [];

  pick(index: number): Part | undefined {
    return this.open.length === 0 ? undefined : this.open[index % this.open.length];
  }

  put(part: Part): void {
    for (const list of [this.parts, this.open]) {
      const index = list.findIndex((other) => other.id === part.id);
      if (index >= 0) list[index] = part;
    }
  }

  /** The op of a step and its effect; `undefined` when the step means nothing now. */
  take(run: StartedTurn, next: Step): ProgressOp | undefined {
    if (next.kind === "other") return { op: "turn", patch: { stalled: 1 } };
    if (next.kind === "open") return this.#openPart(run, next);
    const part = this.pick(next.at);
    if (part === undefined) return undefined;
    if (next.kind === "checkpoint") return { op: "checkpoint", partId: part.id };
    if (next.kind === "close") return this.#close(part);
    if (next.kind === "wrong") return undefined;
    const field: DeltaField = part.type !== "tool" ? "text" : next.output ? "output" : "raw";
    const before = fieldOf(part, field);
    this.put(withField(part, field, before + next.text));
    return delta(part, before.length, next.text, field);
  }

  #openPart(run: StartedTurn, next: Extract<Step, { kind: "open" }>): ProgressOp {
    const part = { ...newPart(run, next), ordinal: this.parts.length };
    this.parts.push(part);
    this.open.push(part);
    return { op: "part", part };
  }

  #close(part: Part): ProgressOp {
    const closed = close(part);
    this.put(closed);
    this.open.splice(
      this.open.findIndex((other) => other.id === part.id),
      1,
    );
    return { op: "part", part: closed };
  }
}

function newPart(run: StartedTurn, next: Extract<Step, { kind: "open" }>): Part {
  const place = placeOf(run);
  if (next.part === "text") return textPart(place, next.text, { start: 1 });
  if (next.part === "reasoning")
    return { id: newId("prt"), ...place, type: "reasoning", text: next.text, time: { start: 1 } };
  return toolPart(place, { status: "running", input: {}, raw: next.text, output: "", time: { start: 1 } });
}

function close(part: Part): Part {
  if (part.type === "text" || part.type === "reasoning") return { ...part, time: { start: 1, end: 2 } };
  if (part.type !== "tool" || part.state.status !== "running") return part;
  const { input, raw, output = "" } = part.state;
  const state = {
    status: "completed",
    input,
    raw,
    output,
    title: "",
    metadata: {},
    time: { start: 1, end: 2 },
  } as const;
  return { ...part, state };
}

function fieldOf(part: Part, field: DeltaField): string {
  if (part.type === "text" || part.type === "reasoning") return part.text;
  if (part.type !== "tool" || part.state.status !== "running") return "";
  return field === "raw" ? part.state.raw : (part.state.output ?? "");
}

function withField(part: Part, field: DeltaField, value: string): Part {
  if (part.type === "text" || part.type === "reasoning") return { ...part, text: value };
  return part.type === "tool" ? { ...part, state: { ...part.state, [field]: value } } : part;
}

export const streamingModelTopic = topic("streaming against a model", (rig, size) => {
  test("[D-12] [D-13] whatever streams in whatever order, reads equal the text that was sent", async () => {
    const property = fc.asyncProperty(schedule, async (commands) => {
      const run = await rig().running();
      const model = new Model();
      for (const steps of commands) {
        const ops = steps.flatMap((next) => model.take(run, next) ?? []);
        if (ops.length > 0) await rig().append(run, ...ops);
        const wrong = steps.find((next) => next.kind === "wrong");
        const part = wrong === undefined ? undefined : model.pick(wrong.at);
        if (wrong !== undefined && part !== undefined) {
          const field: DeltaField = part.type === "tool" ? "output" : "text";
          const offset = Math.max(0, fieldOf(part, field).length + wrong.by);
          const isRight = offset === fieldOf(part, field).length;
          if (!isRight)
            expect(await refusalOf(rig().append(run, delta(part, offset, "x", field)))).toBe("CONFLICT");
        }
        expect((await rig().store.getMessage(run.assistantMessageId))?.parts).toEqual(model.parts);
      }
    });
    await fc.assert(property, { numRuns: size.propertyRuns });
  });
});
