import type { Sabotage } from "../sabotage.ts";

const SERVER = "packages/server";

/** What an input mentions: symbols of files, and resources of MCP servers. */
export const SOURCES: readonly Sabotage[] = [
  {
    name: "first-symbol-of-several",
    rules: ["R-8.3"],
    breaks: "takes the first symbol where a name means several",
    file: `${SERVER}/src/session/mentions.ts`,
    edits: [{ find: "if (more.length > 0) {", replace: "if (more.length > 99) {" }],
    catchers: [
      {
        file: `${SERVER}/test/http/mentions.test.ts`,
        title: "[R-8.3] %s is refused, and nothing is queued",
      },
    ],
  },
  {
    name: "comment-of-the-line-above",
    rules: ["R-8.3"],
    breaks: "takes what stands behind the line above a symbol for its comment",
    file: `${SERVER}/src/symbols/outline.ts`,
    edits: [
      {
        find: "before.startPosition.column > node.startPosition.column",
        replace: "before.startPosition.column < 0",
      },
    ],
    catchers: [
      {
        file: `${SERVER}/src/symbols/symbols.test.ts`,
        title: "[R-8.3] a range counts UTF-16 units",
      },
    ],
  },
  {
    name: "resource-server-without-headers",
    rules: ["R-8.4"],
    breaks: "asks an MCP server without the headers that it is set with",
    file: `${SERVER}/src/resources/connect.ts`,
    edits: [{ find: "headers: { ...server.headers }", replace: "headers: {}" }],
    catchers: [
      {
        file: `${SERVER}/test/http/resources.test.ts`,
        title: "[R-8.4] resources of a server over %s are listed and read, with its headers",
      },
    ],
  },
  {
    name: "resource-server-secrets-told",
    rules: ["R-8.4", "A-7"],
    breaks: "tells an agent the secrets that an MCP server repeats in a refusal",
    file: `${SERVER}/src/resources/resources.ts`,
    edits: [
      {
        find: "secretMask(secretsOf([server]))(errorText(error) + cause)",
        replace: "secretMask(secretsOf([]))(errorText(error) + cause)",
      },
    ],
    catchers: [
      { file: "test/system/resources.test.ts", title: "[R-8.4] what cannot be read is told to the agent" },
    ],
  },
];
