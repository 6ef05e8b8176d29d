/** The session that the benches of sharing publish: turns as T-1 streams them, as they stand when they have ended. Every text is another one, as in life. */
import type { SessionId } from "@holdfast/protocol";
import type { Store } from "../packages/server/src/store/index.ts";
import { placeOf, StoreRig, textPart, toolPart } from "../packages/server/test/contract/rig.ts";
import { DELTAS_PER_TOOL, PROMPT, TOOLS } from "./ingestion-turn.ts";

/** Bytes of one text between two calls, and of what a call was given and gave. */
const TEXT_BYTES = DELTAS_PER_TOOL * 20;
const OUTPUT_BYTES = 2_048;

const LINES = [
  (n: number) => `The parser reads line ${n} twice, and the second time it forgets where it was.`,
  (n: number) => `  const token${n} = tokens.at(cursor + ${n}); // the next one, if there is any`,
  (n: number) => `packages/parser/src/scan-${n}.ts:${n}: expected a name, found the end of the file`,
  (n: number) =>
    `Test ${n} of the parser passed in ${n % 90} ms; 3 others wait for https://example.org/runs/${n}.`,
];

let line = 0;

/** Words and code of so many bytes. */
function textOf(bytes: number): string {
  let text = "";
  while (text.length < bytes) {
    text += `${LINES[line % LINES.length]?.(line) ?? ""}\n`;
    line += 1;
  }
  return text.slice(0, bytes);
}

/** Makes a session with so many turns that have ended. */
export async function fillSession(store: Store, turns: number): Promise<SessionId> {
  const unowned = () => Promise.reject(new Error("The bench owns its store."));
  const rig = await StoreRig.open(() =>
    Promise.resolve({ store, reopen: unowned, close: unowned, age: unowned }),
  );
  const sessionId = await rig.session();
  for (let turn = 0; turn < turns; turn += 1) {
    await rig.admit(sessionId, `${PROMPT} ${turn}`);
    const run = await rig.start(sessionId);
    const place = placeOf(run);
    const time = { start: 1, end: 2 };
    const parts = Array.from({ length: TOOLS }, () => [
      textPart(place, textOf(TEXT_BYTES), time),
      toolPart(place, {
        status: "completed",
        input: { path: `packages/parser/src/scan-${line}.ts`, text: textOf(OUTPUT_BYTES) },
        raw: "",
        output: textOf(OUTPUT_BYTES),
        title: "Read",
        metadata: {},
        time,
      }),
    ]);
    await rig.append(run, ...parts.flat().map((part) => ({ op: "part", part }) as const));
    await rig.finish(run);
  }
  return sessionId;
}
