import type { Sabotage } from "../sabotage.ts";

const PUBLISH = "packages/server/src/sharing/publish";
const ON_THE_WIRE = "packages/server/test/sharing/what-leaves.test.ts";

/** What of a session may leave the machine. */
export const WHAT_LEAVES: readonly Sabotage[] = [
  {
    name: "unsettled-text-published",
    rules: ["S-17"],
    breaks: "a text that grows is published to its last character",
    file: `${PUBLISH}/publication.ts`,
    edits: [{ find: "grows ? settledPrefix(text, phrases) : text, seen", replace: "text, seen" }],
    catchers: [{ file: ON_THE_WIRE, title: "[S-17] a secret that is split over deltas" }],
  },
  {
    name: "masks-forgotten",
    rules: ["S-17", "S-26"],
    breaks: "what was masked once is not known at the next freeze",
    file: "packages/server/src/outbox/share-sender.ts",
    edits: [{ find: "masks: source.masks", replace: "masks: []" }],
    catchers: [{ file: ON_THE_WIRE, title: "[S-17] [S-26] what was masked once" }],
  },
  {
    name: "patch-unmasked",
    rules: ["S-17"],
    breaks: "a patch leaves as it is",
    file: `${PUBLISH}/published-change.ts`,
    edits: [{ find: "undefined : tell(patch.text)", replace: "undefined : patch.text" }],
    catchers: [{ file: ON_THE_WIRE, title: "[S-17] [S-9] secrets in a patch" }],
  },
  {
    name: "file-unmasked",
    rules: ["S-9"],
    breaks: "the content of a text file is hashed and sent as it is",
    file: `${PUBLISH}/publication.ts`,
    edits: [{ find: 'Buffer.from(tell(file.text), "utf8")', replace: 'Buffer.from(file.text, "utf8")' }],
    catchers: [{ file: ON_THE_WIRE, title: "[S-17] [S-9] secrets in a patch" }],
  },
  {
    name: "hunks-of-others-published",
    rules: ["S-34"],
    breaks: "a hunk that others wrote too counts as the session's",
    file: `${PUBLISH}/published-change.ts`,
    edits: [{ find: "origins.every((origin)", replace: "origins.some((origin)" }],
    catchers: [{ file: `${PUBLISH}/publication.test.ts`, title: "a hunk that others wrote too stays here" }],
  },
  {
    name: "old-preview-accepted",
    rules: ["S-17"],
    breaks: "a share is made from a preview of any age",
    file: `${PUBLISH}/previews.ts`,
    edits: [{ find: "&& one.expiresAt > clock.now()", replace: "" }],
    catchers: [
      { file: `${PUBLISH}/previews.test.ts`, title: "[S-17] a preview stands for what was ticked in it" },
    ],
  },
];
