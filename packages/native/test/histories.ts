/** Histories of any agents, in any state that rows can be in: the same for the same seed. */
import {
  call,
  completed,
  failed,
  file,
  type Loose,
  pending,
  preamble,
  reasoning,
  Rows,
  running,
  text,
} from "./rows.ts";

/** Numbers below `limit`, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const SIGNED = { anthropic: { signature: "SIGNED" }, backend: { partId: "HOLDFAST" } };
const ERRORS = [
  { name: "MessageAbortedError", data: { message: "" } },
  { name: "APIError", data: { message: "", isRetryable: true } },
  { name: "MessageOutputLengthError", data: {} },
] as const;

/** A history of any agents, in any state that rows can be in. */
export function history(seed: number): Rows {
  const below = numbers(seed);
  const rows = new Rows();
  const isRarely = () => below(8) === 0;
  const oneOf = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const state = () =>
    oneOf([
      completed("out"),
      completed("", { attachments: [{ type: "file", mime: "image/png", url: "blob:png" }] }),
      completed("o", { time: { start: 1, end: 2, compacted: 3 } }),
      completed("o", { truncated: { hash: "png", bytes: 9, lines: 1 } }),
      failed("no"),
      failed("Tool execution aborted", { output: "half", metadata: { interrupted: true } }),
      running,
      pending,
    ]);
  const said = (): Loose =>
    oneOf<() => Loose>([
      () => text(`said ${below(100)}`),
      () => text("", { metadata: SIGNED }),
      () => text("FAILED TRY", { attempt: 1 }),
      () => text("FOR PEOPLE", { ignored: true }),
      () => reasoning(oneOf(["", "hm"]), oneOf([SIGNED, undefined])),
      () => call(`c${below(4)}`, state(), { tool: oneOf(["bash", "Read file", "7"]), metadata: SIGNED }),
      () => ({ type: "step-start" }),
      () => ({ type: "retry", number: 1, error: ERRORS[1], time: { created: 1 } }),
    ])();
  const asked = (): Loose =>
    oneOf<() => Loose>([
      () => text(`asked ${below(100)}`),
      () => text("FOR PEOPLE", { ignored: true }),
      () => preamble(oneOf(["note", "handoff", "subtasks", "correction"]), "told"),
      () => file("image/png", oneOf(["blob:png", "blob:none"])),
      () => ({ type: "subtask", prompt: "p", description: "d", agent: "qwen" }),
    ])();
  const many = (part: () => Loose) => Array.from({ length: below(6) }, part);
  for (let count = 3 + below(20); count > 0; count -= 1) {
    const agent = oneOf(["native:build", "native:plan", "qwen", "opencode"]);
    const model = oneOf([{ providerId: "anthropic", modelId: "claude-x" }, { modelId: "other" }]);
    if (below(3) === 0) rows.user(many(asked));
    else if (isRarely()) {
      const start = rows.messages[below(rows.messages.length + 1)];
      const tail = start === undefined ? {} : { tailStartId: start.info.id };
      rows.summary("sum", { ...tail, ...(below(3) === 0 ? { overflow: true } : {}) }, { agent });
    } else rows.answer(many(said), { agent, model, ...(isRarely() ? { error: oneOf(ERRORS) } : {}) });
  }
  return rows;
}
