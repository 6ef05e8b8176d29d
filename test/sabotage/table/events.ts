import type { Sabotage } from "../sabotage.ts";

const ROOM = "packages/server/src/events";
const HUB = `${ROOM}/hub.test.ts`;
const SEAM = "packages/server/test/events/seam.test.ts";

/** The room `events`: replay, seam, readers; and the client's end of it. */
export const EVENTS: readonly Sabotage[] = [
  {
    name: "seam-gap",
    rules: ["D-22"],
    breaks: "loses what is committed between the last page of a replay and the first live batch",
    file: `${ROOM}/catch-up.ts`,
    edits: [
      { find: "while (!subscriber.isClosed && !(await readPage()) && !subscriber.isBridged);", replace: "" },
    ],
    catchers: [
      { file: SEAM },
      { file: HUB, title: "[D-22] what was committed just before the reader was registered" },
    ],
  },
  {
    name: "seam-duplicate",
    rules: ["D-22"],
    breaks: "sends the event at the seam twice",
    file: `${ROOM}/subscriber.ts`,
    edits: [
      {
        find: "this.#log.isAfter(this.#log.at(event), this.#through)",
        replace: "!this.#log.isAfter(this.#through, this.#log.at(event))",
      },
    ],
    catchers: [{ file: SEAM }],
  },
  {
    name: "cursor-off-by-one",
    rules: ["D-22"],
    breaks: "a resumed stream begins with the event that the reader named as its last",
    file: `${ROOM}/log.ts`,
    edits: [{ find: "after: cursor.at }", replace: "after: Math.max(0, cursor.at - 1) }" }],
    catchers: [
      { file: SEAM },
      { file: "packages/server/test/http/streams.test.ts", title: "[D-22] a stream replays from its cursor" },
    ],
  },
  {
    name: "prev-of-the-log",
    rules: ["D-3"],
    breaks: "names in `prev` the seq before in the log, not the one that this reader got",
    file: `${ROOM}/subscriber.ts`,
    edits: [{ find: "index === 0 && first.prev === this.#prev", replace: "index === 0" }],
    catchers: [{ file: HUB, title: "[D-3] the first live event after superseded entries" }],
  },
  {
    name: "prev-in-a-page",
    rules: ["D-3"],
    breaks: "names in `prev` of a replay the seq where the page began",
    file: `${ROOM}/subscriber.ts`,
    edits: [
      {
        find: "      this.#prev = this.#log.seqAt(this.#log.at(event));\n    }\n    this.#through = page.through;",
        replace: "    }\n    this.#through = page.through;\n    this.#prev = this.#log.seqAt(page.through);",
      },
    ],
    catchers: [{ file: HUB }, { file: SEAM }],
  },
  {
    name: "overflow-drops",
    rules: ["D-24"],
    breaks: "drops events of a slow reader and lets its stream go on",
    file: `${ROOM}/subscriber.ts`,
    edits: [
      { find: 'if (this.sink.backlog() > QUEUE_BYTES) this.close("overflow");', replace: "" },
      {
        find: "    const index = batch.findIndex(",
        replace: "    if (this.sink.backlog() > QUEUE_BYTES) return;\n    const index = batch.findIndex(",
      },
    ],
    catchers: [{ file: HUB, title: "[D-24] a reader that takes nothing is cut at its bound" }],
  },
  {
    name: "held-batches-unbounded",
    rules: ["D-24"],
    breaks: "keeps any amount of live events for a reader that is catching up",
    file: `${ROOM}/subscriber.ts`,
    edits: [{ find: 'if (this.#heldBytes > QUEUE_BYTES) this.close("overflow");', replace: "" }],
    catchers: [{ file: HUB, title: "[D-24] what is committed while a reader catches up is bounded too" }],
  },
  {
    name: "cursor-ahead-silent",
    rules: ["D-23"],
    breaks: "a cursor beyond the end of the log gets silence where a reset belongs",
    file: `${ROOM}/log.ts`,
    edits: [{ find: 'if (log.isAfter(cursor.at, last)) return { last, reset: "ahead" };', replace: "" }],
    catchers: [{ file: HUB }],
  },
  {
    name: "other-stores-cursor",
    rules: ["D-23"],
    breaks: "takes a cursor of another store for one of its own",
    file: `${ROOM}/log.ts`,
    edits: [{ find: "resume.storeId !== store.storeId)", replace: 'store.storeId === "")' }],
    catchers: [{ file: HUB }, { file: "packages/server/test/http/streams.test.ts", title: "[D-23]" }],
  },
  {
    name: "client-ignores-loss",
    rules: ["D-3"],
    breaks: "the typed client goes on over a hole that `prev` shows",
    file: "packages/client/src/stream-session.ts",
    edits: [{ find: "if (outline.prev > last) return", replace: "if (outline.prev > last + 1_000) return" }],
    catchers: [{ file: "packages/client/test/stream.test.ts", title: "[D-3] loss is noticed" }],
  },
];
