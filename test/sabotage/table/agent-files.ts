import type { Sabotage } from "../sabotage.ts";

const ROOM = "packages/server/src/agents";
const ACCESS = `${ROOM}/acp/file-requests.test.ts`;
const FILES = `${ROOM}/files/contained-file.test.ts`;

/** Files that agents read and write through us. */
export const AGENT_FILES: readonly Sabotage[] = [
  {
    name: "agent-file-anywhere",
    rules: ["I-6"],
    breaks: "lets an agent name any file",
    file: `${ROOM}/files/contained-file.ts`,
    edits: [
      {
        find: "target === undefined || target === root || !isInside(root, target)",
        replace: "target === undefined || target === root",
      },
    ],
    catchers: [{ file: FILES }, { file: ACCESS, title: "[I-6] nothing outside of the session's directory" }],
  },
  {
    name: "agent-file-of-ours",
    rules: ["I-6"],
    breaks: "lets an agent above the data directory read the token",
    file: `${ROOM}/files/contained-file.ts`,
    edits: [{ find: "isInside(data, target) && ", replace: "false && " }],
    catchers: [{ file: FILES }],
  },
  {
    name: "agent-file-link-made-meanwhile",
    rules: ["I-6"],
    breaks: "writes where the path leads after somebody said yes to another place",
    file: `${ROOM}/files/file-access.ts`,
    edits: [
      {
        find: 'if ((await locate(place, named, "write")) !== target) {',
        replace: "if (target === named + named) {",
      },
    ],
    catchers: [{ file: ACCESS, title: "[I-6] a link that is made while somebody decides" }],
  },
  {
    name: "agent-file-unasked",
    rules: ["A-20"],
    breaks: "writes without asking in mode ask",
    file: `${ROOM}/files/file-access.ts`,
    edits: [{ find: 'byMode !== "once" && !(await', replace: 'byMode === "reject" && !(await' }],
    catchers: [{ file: ACCESS, title: "[A-20, W-5] a write that nobody was asked about asks" }],
  },
  {
    name: "agent-file-by-a-rejected-call",
    rules: ["A-20"],
    breaks: "takes a call's permission request for its answer",
    file: `${ROOM}/acp/handle.ts`,
    edits: [{ find: 'if (answer === "once") running.allowed', replace: "running.allowed" }],
    catchers: [{ file: ACCESS, title: "[A-20] what was rejected is not written" }],
  },
  {
    name: "agent-file-after-the-prompt",
    rules: ["A-16"],
    breaks: "writes for a prompt that is over, when somebody says yes to it then",
    file: `${ROOM}/running-prompt.ts`,
    edits: [
      {
        find: 'this.#stopped.resolve("cancelled");',
        replace: "",
      },
    ],
    catchers: [{ file: ACCESS, title: "[A-15] a cancel ends the wait for an answer" }],
  },
  {
    name: "agent-file-without-evidence",
    rules: ["W-5"],
    breaks: "writes for an agent and forgets that it was this agent",
    file: `${ROOM}/files/file-access.ts`,
    edits: [{ find: 'running.sink.emit({ type: "file", path: target });', replace: "" }],
    catchers: [{ file: ACCESS, title: "[A-20, W-5] a write that nobody was asked about asks" }],
  },
  {
    name: "agent-file-loses-its-mode",
    rules: ["A-25"],
    breaks: "forgets the permissions of the file that it replaces",
    file: `${ROOM}/files/contained-file.ts`,
    edits: [{ find: "if (mode !== undefined) await file.chmod(mode);", replace: "" }],
    catchers: [{ file: FILES, title: "[A-25] a file is made with its directories" }],
  },
  {
    name: "agent-file-nobodys",
    rules: ["W-5"],
    breaks: "hears which file an agent writes through us and leaves it at that",
    file: "packages/server/src/turn/record/recorder.ts",
    edits: [{ find: "this.#touched.write(event.path);", replace: "" }],
    catchers: [{ file: "test/system/client-files.test.ts", title: "[A-2, W-5]" }],
  },
];
