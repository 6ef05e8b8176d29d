import type { Catcher, Sabotage } from "../sabotage.ts";
import { contract } from "./engine.ts";

const OUTBOX = "packages/server/src/outbox";
const ENGINE = "packages/server/src/store/sqlite";
const SHARE = "packages/share/src/store";

const SEEDS: Catcher = {
  file: "test/simulate/simulate.test.ts",
  title: "over the seeds on which sabotages are tried",
};
const ofService = (name: string, title: string): Catcher => ({
  file: `packages/share/test/${name}.test.ts`,
  title,
});

/** Shares: what marks, freezes and sends them, and what takes them (S-3 to S-8, S-20 to S-26). */
export const SHARING: readonly Sabotage[] = [
  {
    name: "share-mark-version-ignored",
    rules: ["S-20"],
    breaks: "clears a mark that was raised while its row was being read",
    file: `${ENGINE}/commands/outbox.ts`,
    edits: [
      {
        find: "`DELETE FROM share_dirty WHERE ${where} AND version = ?`, share, key, version",
        replace: "`DELETE FROM share_dirty WHERE ${where}`, share, key",
      },
    ],
    catchers: [SEEDS],
  },
  {
    name: "share-no-marks-while-creating",
    rules: ["S-20"],
    breaks: "marks nothing as long as the share is not published whole",
    file: `${ENGINE}/share-marks.ts`,
    edits: [
      { find: "\"state NOT IN ('revoking'", replace: "\"committed = 1 AND h.state NOT IN ('revoking'" },
    ],
    catchers: [SEEDS],
  },
  {
    name: "share-marks-in-the-next-transaction",
    rules: ["S-3"],
    breaks: "writes the marks of a change with the next change",
    file: `${ENGINE}/log.ts`,
    edits: [
      {
        find: "markSession(write, session, entry.type, entry.data);",
        replace:
          '(write.tx.memory.get("late") as (() => void) | undefined)?.();\n  write.tx.memory.set("late", () => markSession(write, session, entry.type, entry.data));',
      },
    ],
    catchers: [SEEDS],
  },
  {
    name: "share-nonce-reused",
    rules: ["S-23"],
    breaks: "opens a share as the writer with the same nonce at every start",
    file: `${OUTBOX}/share-sender.ts`,
    edits: [{ find: "const nonce = randomHex(32);", replace: 'const nonce = "0".repeat(64);' }],
    catchers: [SEEDS],
  },
  {
    name: "share-old-text-unmasked",
    rules: ["S-26"],
    breaks: "masks a value from now on, and leaves what was sent before as it is",
    file: `${ENGINE}/commands/outbox.ts`,
    edits: [{ find: "if (masks.length === 0) return;", replace: "if (masks.length >= 0) return;" }],
    catchers: [
      {
        file: "packages/server/test/sharing/what-leaves.test.ts",
        title: "what was masked once never leaves bare again, and what had left before is told anew",
      },
    ],
  },
  {
    name: "share-growth-kept",
    rules: ["S-26"],
    breaks: "keeps the deltas of a part that was sent whole again",
    file: `${SHARE}/apply.ts`,
    edits: [{ find: 'write.run("DELETE FROM growth WHERE item = ?", item.rid);', replace: "" }],
    catchers: [ofService("append", "[S-26] a part that is sent whole again"), SEEDS],
  },
  {
    name: "share-dedupe-off",
    rules: ["S-7"],
    breaks: "knows no operation again",
    file: `${SHARE}/commands/append.ts`,
    edits: [
      { find: "const known = knownOf(write, stream, batch.ops);", replace: "const known: Result[] = [];" },
    ],
    catchers: [ofService("append", "[S-7] a batch whose answer was lost"), SEEDS],
  },
  {
    name: "share-backoff-drops",
    rules: ["S-5", "S-6"],
    breaks: "gives a batch up when its answer does not come, and freezes another one",
    file: `${OUTBOX}/settle.ts`,
    edits: [
      {
        find: 'if (step.do === "send") return only({ write: "retryBatch", nextRetryAt, error });',
        replace: 'if (step.do === "send") return only({ write: "dropBatch", error, omit: [] });',
      },
    ],
    catchers: [SEEDS],
  },
  {
    name: "share-ack-before-commit",
    rules: ["S-21"],
    breaks: "takes a batch for acknowledged when it goes out",
    file: `${OUTBOX}/share-sender.ts`,
    edits: [
      {
        find: "const answer = await this.#call(state, step, operations);",
        replace:
          'if (step.do === "send" && batch !== undefined) {\n      const { id: batchId, chain } = batch;\n      await store.ackShareBatch({ ...this.#held, batchId, chain, rejected: [], time: clock.now() });\n    }\n    const answer = await this.#call(state, step, operations);',
      },
    ],
    catchers: [SEEDS],
  },
  {
    name: "share-damaged-upload-omitted",
    rules: ["S-30"],
    breaks: "takes an upload that was damaged on the way for a content that the service never takes",
    file: `${OUTBOX}/blob-refusal.ts`,
    edits: [{ find: "damaged <= MOST_DAMAGED", replace: "damaged < MOST_DAMAGED - 3" }],
    catchers: [SEEDS],
  },
  {
    name: "share-content-unchecked",
    rules: ["S-9"],
    breaks: "stores what arrives, whatever hash its path says",
    file: "packages/share/src/service/share-service.ts",
    edits: [
      {
        find: 'if (createHash("sha256").update(bytes).digest("hex") !== hash)',
        replace: "if (hash.length === 0)",
      },
    ],
    catchers: [SEEDS],
  },
  {
    name: "share-bare-restore",
    rules: ["S-9", "S-24"],
    breaks: "believes after a restore that contents are there whose bytes did not come along",
    file: "packages/share/src/main/copy-shares.ts",
    edits: [
      { find: 'await store.run("forgetBlobs", { shareId, hashes });', replace: "void [shareId, hashes];" },
    ],
    catchers: [SEEDS],
  },
  {
    name: "share-content-dropped-in-between",
    rules: ["S-9"],
    breaks: "drops a content that a row gave up, though a later one of the same batch shows it",
    file: `${SHARE}/apply.ts`,
    edits: [
      {
        find: "for (const { blob } of used) target.givenUp.push(blob);",
        replace: "dropUnusedBlobs(write, target.share, used.map(({ blob }) => blob));",
      },
    ],
    catchers: [ofService("append", "[S-9] a content that a row of a batch gives up stays"), SEEDS],
  },
  {
    name: "share-dead-refs-made-again",
    rules: ["S-13", "S-24"],
    breaks:
      "makes a ref that a bump has ended again, in the epoch after it, when the service has forgotten both",
    file: `${ENGINE}/commands/share.ts`,
    edits: [{ find: "at < lastBump && (task.kind", replace: "at < 0 && (task.kind" }],
    catchers: [
      contract("shares", "[S-13, S-24] what a bump that waits is to end is not made again behind it"),
    ],
  },
  {
    name: "share-lost-contents-shown",
    rules: ["S-9", "S-24"],
    breaks: "goes on after a restore with rows whose contents did not come along",
    file: `${SHARE}/commands/blob.ts`,
    edits: [
      {
        find: "UPDATE stream SET chain = ? WHERE share = ?",
        replace: "UPDATE stream SET chain = coalesce(chain, ?) WHERE share = ?",
      },
    ],
    catchers: [
      ofService(
        "streams",
        "[S-9, S-24] a stream is sent anew when a content that it shows did not come along",
      ),
    ],
  },
  {
    name: "share-removals-untold",
    rules: ["S-31"],
    breaks: "does not tell who was away what went meanwhile",
    file: `${SHARE}/apply.ts`,
    edits: [
      {
        find: '"INSERT OR REPLACE INTO removal (share, key, parent, seq) VALUES (?, ?, ?, ?)"',
        replace: '"INSERT OR REPLACE INTO removal (share, key, parent, seq) SELECT ?, ?, ?, ? WHERE 0"',
      },
    ],
    catchers: [ofService("live", "[S-31] a removal is told to who was there and to who comes back"), SEEDS],
  },
  {
    name: "share-nonce-of-before-adopts",
    rules: ["S-23"],
    breaks: "takes a share back with the nonce that lost it",
    file: `${OUTBOX}/share-sender.ts`,
    edits: [{ find: "if (share.adopt) this.#claim = await this.#take();", replace: "" }],
    catchers: [SEEDS],
  },
  {
    name: "share-late-bump-parks",
    rules: ["S-25"],
    breaks: "parks a share over a renewal of its refs that a later one has overtaken",
    file: `${OUTBOX}/settle.ts`,
    edits: [
      {
        find: 'if (state.laterBumps > 0) return only({ write: "task", number, state: "done" });',
        replace: "",
      },
    ],
    catchers: [{ file: "packages/server/src/outbox/settle.test.ts" }, SEEDS],
  },
  {
    name: "share-writer-epoch-unchecked",
    rules: ["S-8"],
    breaks: "takes operations from whoever wrote the share before",
    file: `${SHARE}/commands/writer.ts`,
    edits: [{ find: "if (writerEpoch !== share.writer_epoch) throw fenced(share);", replace: "" }],
    catchers: [ofService("streams", "[S-8] a fenced writer's batch changes nothing"), SEEDS],
  },
  {
    name: "share-chain-unchecked",
    rules: ["S-22"],
    breaks: "does not compare what both sides had before",
    file: `${SHARE}/commands/append.ts`,
    edits: [{ find: "if (chain === stream.chain) return;", replace: "if (chain.length > 0) return;" }],
    catchers: [ofService("append", "[S-22] a sender that had other operations before")],
  },
  {
    name: "share-dependency-unchecked",
    rules: ["S-22"],
    breaks: "applies what depends on a row that is not there",
    file: `${SHARE}/commands/append.ts`,
    edits: [
      {
        find: "const isMet = op.dependsOn.every(",
        replace: "const isMet = op.seq > 0 || op.dependsOn.every(",
      },
    ],
    catchers: [ofService("append", "[S-22] what depends on a missing row")],
  },
  {
    name: "share-stale-epoch-accepted",
    rules: ["S-7", "S-25"],
    breaks: "takes operations that name an epoch of the refs before the present one",
    file: `${SHARE}/commands/writer.ts`,
    edits: [
      {
        find: "if (capabilityEpoch !== share.capability_epoch)",
        replace: "if (capabilityEpoch > share.capability_epoch)",
      },
    ],
    catchers: [ofService("append", "[S-7] stale refs come before another writer")],
  },
];
