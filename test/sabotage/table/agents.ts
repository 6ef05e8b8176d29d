import type { Sabotage } from "../sabotage.ts";

const ROOM = "packages/server/src/agents";
const PROCESS = "packages/server/src/process";
const PROCESSES = `${PROCESS}/process.test.ts`;
const FAULTS = `${ROOM}/acp/faults.test.ts`;

/** The room `agents`: processes and the wire to them. */
export const AGENTS: readonly Sabotage[] = [
  {
    name: "stop-spares-the-tree",
    rules: ["A-11", "A-10"],
    breaks: "ends an agent and leaves what it had started outside of its group",
    file: `${PROCESS}/agent-process.ts`,
    edits: [
      { find: "let left = await this.#signalRelatives();", replace: "let left: readonly number[] = [];" },
    ],
    catchers: [
      { file: PROCESSES, title: "[A-11] what left the group is ended with the root" },
      { file: PROCESSES, title: "[A-11] a root that exits by itself" },
    ],
  },
  {
    name: "term-to-the-root-only",
    rules: ["A-10"],
    breaks: "sends SIGTERM to the agent and not to its group",
    file: `${PROCESS}/agent-process.ts`,
    edits: [{ find: "trySignal(-this.pid, signal);", replace: "trySignal(this.pid, signal);" }],
    catchers: [{ file: PROCESSES, title: "[A-10] SIGTERM goes to the whole group" }],
  },
  {
    name: "reap-trusts-the-pid",
    rules: ["A-11"],
    breaks: "ends whatever process has the recorded pid now",
    file: `${PROCESS}/identity.ts`,
    edits: [
      {
        find: "row.startTime === undefined || row.startTime !== live.startTime) return false;",
        replace: "row.startTime === undefined) return false;",
      },
    ],
    catchers: [{ file: `${PROCESS}/tables.test.ts` }, { file: PROCESSES, title: "[A-11]" }],
  },
  {
    name: "launch-forgotten-early",
    rules: ["A-10", "A-11"],
    breaks: "forgets a launch while something of it lives: its row is closed first",
    file: `${PROCESS}/agent-process.ts`,
    edits: [
      {
        find: "let left = await this.#signalRelatives();",
        replace:
          "await store.recordExit({ launchId: this.launchId });\n      let left = await this.#signalRelatives();",
      },
    ],
    catchers: [{ file: PROCESSES, title: "[A-11] a launch is forgotten only when nothing of it lives" }],
  },
  {
    name: "late-updates-lost",
    rules: ["A-16"],
    breaks: "throws away what an agent says between two prompts",
    file: `${ROOM}/acp/update-place.ts`,
    edits: [
      { find: 'phase === "prompting" ? "turn" : "late"', replace: 'phase === "prompting" ? "turn" : "drop"' },
    ],
    catchers: [{ file: `${ROOM}/acp/decisions.test.ts`, title: "[A-16] while %s" }],
  },
  {
    name: "late-update-fed-to-next-turn",
    rules: ["A-16"],
    breaks: "keeps what an agent says between two prompts and gives it to the next turn",
    file: `${ROOM}/acp/session-feed.ts`,
    edits: [
      { find: 'return this.#noteUpdate("late", kind, item);', replace: "return this.#hold(item);" },
      {
        find: "    return prompt;\n",
        replace: "    for (const item of this.#held.splice(0)) this.#take(item);\n    return prompt;\n",
      },
    ],
    catchers: [{ file: FAULTS, title: "[A-16] an update after the response" }],
  },
  {
    name: "own-work-filed-as-late",
    rules: ["A-27"],
    breaks: "takes what an agent begins by itself for something that came too late",
    file: `${ROOM}/acp/session-feed.ts`,
    edits: [{ find: "if (this.hasBegun || this.#beginsWork(item)) {", replace: "if (this.hasBegun) {" }],
    catchers: [
      { file: `${ROOM}/acp/own-work.test.ts`, title: "[A-27] what an agent begins by itself waits" },
    ],
  },
  {
    name: "replay-enters-the-turn",
    rules: ["A-5"],
    breaks: "takes the history that an agent replays at load for new text",
    file: `${ROOM}/acp/update-place.ts`,
    edits: [
      {
        find: 'phase === "replaying" ? "drop" : phase === "prompting"',
        replace: 'phase === "prompting" || phase === "replaying"',
      },
    ],
    catchers: [{ file: `${ROOM}/acp/decisions.test.ts`, title: "[A-16] while %s" }],
  },
  {
    name: "backpressure-off",
    rules: ["A-12", "D-34"],
    breaks: "reads an agent's output on while nothing of it can be written",
    file: `${ROOM}/acp/wire.ts`,
    edits: [
      {
        find: "if (ready !== undefined) await ready.catch(() => undefined);",
        replace: "void ready?.catch(() => undefined);",
      },
    ],
    catchers: [
      {
        file: `${ROOM}/acp/wire.test.ts`,
        title: "[A-12] while the listener is not ready nothing more is read",
      },
    ],
  },
  {
    name: "secrets-unmasked",
    rules: ["A-13", "A-12"],
    breaks: "keeps credentials in the tails of an agent's output",
    file: "packages/kernel/src/text.ts",
    edits: [{ find: 'masked.replace(pattern, "[redacted]")', replace: 'masked.replace(pattern, "$&")' }],
    catchers: [
      { file: PROCESSES, title: "[A-13]" },
      { file: FAULTS, title: "[A-13]" },
    ],
  },
  {
    name: "used-agent-evicted",
    rules: ["A-8"],
    breaks: "closes an agent whose turn is about to be asked, to make room for another one",
    file: `${ROOM}/slot.ts`,
    edits: [{ find: "return this.#holds > 0;", replace: "return this.#holds > 1_000;" }],
    catchers: [{ file: `${ROOM}/pool-room.test.ts`, title: "[A-8] a place that is kept is never taken" }],
  },
  {
    name: "other-servers-same-handle",
    rules: ["A-7"],
    breaks: "goes on with an agent that was opened with other MCP servers",
    file: `${ROOM}/fingerprint.ts`,
    edits: [{ find: "JSON.stringify([directory, mcpServers])", replace: "JSON.stringify([directory])" }],
    catchers: [
      { file: `${ROOM}/pool-room.test.ts`, title: "[A-7] a handle that was opened with other MCP servers" },
    ],
  },
  {
    name: "secrets-shown",
    rules: ["A-7"],
    breaks: "shows the values of an MCP server's variables",
    file: "packages/server/src/store/model/mcp-servers.ts",
    edits: [{ find: "env: Object.keys(env)", replace: "env: Object.entries(env).flat()" }],
    catchers: [
      {
        file: "packages/server/src/store/model/mcp-servers.test.ts",
        title: "[A-7] nothing that is shown holds a secret",
      },
    ],
  },
  {
    name: "server-left-out-in-silence",
    rules: ["A-25"],
    breaks: "opens an agent without an MCP server whose program is not there",
    file: `${ROOM}/mcp-servers.ts`,
    edits: [
      {
        find: "if (program === undefined) throw",
        replace: 'if (program === undefined) continue; else if (command === "") throw',
      },
    ],
    catchers: [{ file: `${ROOM}/mcp-servers.test.ts`, title: "[A-7, A-25] %s is refused, not left out" }],
  },
];
