import type { Sabotage } from "../sabotage.ts";

const ROOM = "packages/edge/src";
const HOSTILE = "packages/server/test/http/hostile-requests.test.ts";
const ACCESS = `${ROOM}/access.test.ts`;

/** The room `http`: who may come in. */
export const HTTP: readonly Sabotage[] = [
  {
    name: "host-unchecked",
    rules: ["I-6"],
    breaks: "answers a request for any host: a page that rebinds its name gets in",
    file: `${ROOM}/guard.ts`,
    edits: [{ find: " || !policy.allowsHost(incoming.headers.host)", replace: "" }],
    catchers: [{ file: HOSTILE, title: "[I-6]" }],
  },
  {
    name: "origin-unchecked",
    rules: ["I-6"],
    breaks: "answers pages of other sites",
    file: `${ROOM}/guard.ts`,
    edits: [{ find: "&& !policy.allowsOrigin(origin)", replace: '&& origin === ""' }],
    catchers: [{ file: HOSTILE, title: "[I-6]" }],
  },
  {
    name: "token-prefix-accepted",
    rules: ["I-6"],
    breaks: "the beginning of the server's token is as good as the whole",
    file: `${ROOM}/access.ts`,
    edits: [
      {
        find: "if (timingSafeEqual(hash, this.#serverHash)) return OWNER;",
        replace:
          "if (timingSafeEqual(hash, this.#serverHash) || this.#deps.serverToken.startsWith(token)) return OWNER;",
      },
    ],
    catchers: [{ file: ACCESS }],
  },
  {
    name: "browser-token-for-ever",
    rules: ["I-6"],
    breaks: "a browser token never expires",
    file: `${ROOM}/access.ts`,
    edits: [{ find: "if (row === undefined || row.expires <= now)", replace: "if (row === undefined)" }],
    catchers: [{ file: ACCESS }],
  },
  {
    name: "proof-for-any-address",
    rules: ["I-6"],
    breaks: "a proof is good wherever it was asked for, so that an impostor may pass it on",
    file: "packages/protocol/src/server-file.ts",
    edits: [{ find: '${nonce}\\n${plain}\\n${port ?? ""}`', replace: "${nonce}`" }],
    catchers: [{ file: "packages/server/test/http/proof.test.ts" }],
  },
  {
    name: "refused-storage-as-fault",
    rules: ["D-34", "I-3"],
    breaks: "tells a full or busy disk as a fault of the program, so that nobody tries again",
    file: "packages/sqlite/src/sqlite-error.ts",
    edits: [{ find: "!REFUSED.includes(code & 0xff)", replace: "!REFUSED.includes(code & 0x7f00)" }],
    catchers: [
      { file: "packages/sqlite/src/sqlite-error.test.ts" },
      { file: "packages/sqlite/test/group-commit.test.ts", title: "503" },
    ],
  },
];
