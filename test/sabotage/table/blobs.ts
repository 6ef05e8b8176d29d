import type { Sabotage } from "../sabotage.ts";
import { contract, ENGINE } from "./engine.ts";

const CONTENT = "packages/sqlite/src/synced-content.ts";
const SYNC = "for (const entries of [directory, root, dirname(root)]) await sync(entries);";

/** Content that is kept as files beside the database. */
export const BLOBS: readonly Sabotage[] = [
  {
    name: "blobs-collected-in-use",
    rules: ["D-28"],
    breaks: "collects content that a session still refers to",
    file: `${ENGINE}/commands/blob.ts`,
    edits: [{ find: "WHERE count = 0 AND unused_since < ?", replace: "WHERE coalesce(unused_since, 0) < ?" }],
    catchers: [contract("blobs", "[D-28]")],
  },
  {
    name: "blob-unsynced",
    rules: ["D-28"],
    breaks: "a blob's row is committed while its file is still in the page cache",
    file: CONTENT,
    edits: [{ find: "await file.sync();", replace: "" }],
    catchers: [
      { file: `${ENGINE}/blob-files.test.ts`, title: "[D-28] content whose sync %i fails has no row" },
    ],
  },
  {
    name: "blob-directory-unsynced",
    rules: ["D-28"],
    breaks: "a blob's row is committed while its name is not yet on the disk",
    file: CONTENT,
    edits: [
      {
        find: SYNC,
        replace: `if (known !== undefined) ${SYNC}`,
      },
    ],
    catchers: [
      { file: `${ENGINE}/blob-files.test.ts`, title: "[D-28] content whose sync %i fails has no row" },
    ],
  },
  {
    name: "blob-name-trusted",
    rules: ["D-28"],
    breaks: "trusts a file for being there, although nobody synced its directory",
    file: CONTENT,
    edits: [
      {
        find: SYNC,
        replace: `if (known === undefined) ${SYNC}`,
      },
    ],
    catchers: [
      { file: `${ENGINE}/blob-files.test.ts`, title: "[D-28] a file whose directory was never synced" },
    ],
  },
  {
    name: "blob-row-first",
    rules: ["D-28"],
    breaks: "commits a blob's row before its file exists",
    file: `${ENGINE}/sqlite-store.ts`,
    edits: [
      { find: "if (!inline) await this.#blobs.put(hash, bytes);\n", replace: "" },
      {
        find: "mime, sessionId });\n    });",
        replace: "mime, sessionId });\n      if (!inline) await this.#blobs.put(hash, bytes);\n    });",
      },
    ],
    catchers: [
      {
        file: `${ENGINE}/blob-files.test.ts`,
        title: "[D-28] content that cannot be written as a file has no row",
      },
    ],
  },
];
