import type { Sabotage } from "../sabotage.ts";

const ROOM = "packages/server/src/turn";
const RECOVERY = "packages/server/test/turn/recovery.test.ts";
const AGENT_TURNS = "packages/server/test/turn/agent-turns.test.ts";
const LIMITS = "packages/server/test/turn/limits.test.ts";

/** The rooms `turn` and `permission`: running, ending, recovering. */
export const TURN: readonly Sabotage[] = [
  {
    name: "queue-lost-at-restart",
    rules: ["D-6"],
    breaks: "nobody wakes the sessions whose inputs were queued when the server died",
    file: `${ROOM}/turns.ts`,
    edits: [{ find: "sweep());\n    await this.#wakeStartable();", replace: "sweep());" }],
    catchers: [{ file: RECOVERY, title: "[D-6] a queued turn behind no interrupted one starts by itself" }],
  },
  {
    name: "json-answer-not-judged",
    rules: ["R-2.1"],
    breaks: "takes an answer as the result that does not fit the schema which was asked for",
    file: `${ROOM}/run/json-answer.ts`,
    edits: [
      {
        find: "if (verdict.fits) return { ending, answer: { structured: verdict.value } };",
        replace: 'return { ending, answer: { structured: "value" in verdict ? verdict.value : null } };',
      },
    ],
    catchers: [{ file: `${ROOM}/run/json-answer.test.ts`, title: "[R-2.1] the first that fits ends it" }],
  },
  {
    name: "prompt-overtakes-own-work",
    rules: ["A-27"],
    breaks: "sends a prompt while its agent does something else by itself",
    file: `${ROOM}/run/turn-run.ts`,
    edits: [{ find: "    await this.#ownWork.settled(handle);\n", replace: "" }],
    catchers: [{ file: AGENT_TURNS, title: "[A-27] a prompt overtakes nothing" }],
  },
  {
    name: "own-turn-goes-on-by-itself",
    rules: ["A-27", "D-6"],
    breaks: "pauses the queue, or goes on, after a turn that nobody had asked for",
    file: `${ROOM}/end/follow-interruption.ts`,
    edits: [{ find: "  if (turn.inputId === undefined) return;\n", replace: "" }],
    catchers: [{ file: AGENT_TURNS, title: "[A-27, D-18, D-6] after a crash" }],
  },
  {
    name: "interrupted-as-completed",
    rules: ["D-18", "D-8"],
    breaks: "tells a turn whose server died as completed",
    file: `${ROOM}/end/terminal-record.ts`,
    edits: [
      {
        find: ': aborted("interrupted", STOP_TEXT.interrupted);\n  return',
        replace: ': ({ state: "completed" } as TerminalRecord);\n  return',
      },
    ],
    catchers: [
      { file: `${ROOM}/end/terminal-record.test.ts`, title: "[D-18] a turn whose owner died" },
      { file: RECOVERY, title: "[D-18] a turn of the dead server is interrupted" },
    ],
  },
  {
    name: "orphans-not-reaped",
    rules: ["D-18", "A-11"],
    breaks: "recovery ends the turns of a dead server and leaves its agents running",
    file: `${ROOM}/end/recovery.ts`,
    edits: [
      {
        find: "if (reaps) await this.#deps.reap();",
        replace: "if (reaps && turns.length > 1) await this.#deps.reap();",
      },
    ],
    catchers: [{ file: RECOVERY, title: "[D-18] a turn of the dead server is interrupted" }],
  },
  {
    name: "finalized-before-reaped",
    rules: ["D-18"],
    breaks: "recovery ends a turn while its agent may still work on the files",
    file: `${ROOM}/end/recovery.ts`,
    edits: [
      { find: "if (reaps) await this.#deps.reap();", replace: "" },
      {
        find: "left.push(turn.turnId);\n    }\n    return left;",
        replace: "left.push(turn.turnId);\n    }\n    if (reaps) await this.#deps.reap();\n    return left;",
      },
    ],
    catchers: [{ file: RECOVERY, title: "[D-18] agents of the dead server are ended behind" }],
  },
  {
    name: "orphaned-subtask-starts",
    rules: ["R-9.1", "D-18"],
    breaks:
      "lets the queued turn of a subtask start although the turn that waited for it died with the server",
    file: `${ROOM}/end/recovery.ts`,
    edits: [{ find: "await retryStorage(this.#deps, () => dropChildren(this.#deps, turn));", replace: "" }],
    catchers: [
      {
        file: "packages/server/test/turn/subtasks.test.ts",
        title: "before the child's turn starts",
      },
    ],
  },
  {
    name: "epoch-kept-at-recovery",
    rules: ["D-18", "D-17"],
    breaks: "recovery reads the epoch instead of raising it, so that the old owner may still write",
    file: "packages/server/src/store/sqlite/commands/turn.ts",
    edits: [
      { find: "SET epoch = epoch + 1 WHERE rid = ?", replace: "SET epoch = max(epoch, 1) WHERE rid = ?" },
    ],
    catchers: [{ file: RECOVERY, title: "[D-17] what the dead owner still writes is refused" }],
  },
  {
    name: "resumed-without-leave",
    rules: ["D-19"],
    breaks: "goes on with an interrupted turn although the session's policy is to ask",
    file: `${ROOM}/end/follow-interruption.ts`,
    edits: [{ find: 'session.resumePolicy === "auto" &&', replace: "" }],
    catchers: [{ file: RECOVERY, title: "[D-18] a turn of the dead server is interrupted" }],
  },
  {
    name: "resumed-for-ever",
    rules: ["D-19", "D-20"],
    breaks: "goes on with a turn that kills the server every time, without an end",
    file: `${ROOM}/end/follow-interruption.ts`,
    edits: [{ find: "< deps.settings.resumeAttempts;", replace: ">= 0;" }],
    catchers: [{ file: RECOVERY, title: "[D-19, D-20] at most three times" }],
  },
  {
    name: "limit-does-not-hold",
    rules: ["A-29"],
    breaks: "asks an agent again although its usage limit is not over",
    file: `${ROOM}/start/lane.ts`,
    edits: [{ find: "if (limitedUntil > now)", replace: "if (limitedUntil > now + 1e12)" }],
    catchers: [{ file: LIMITS, title: "[A-29, D-8] a turn that ends at a limit" }],
  },
  {
    name: "limit-met-for-ever",
    rules: ["A-29", "D-20"],
    breaks: "goes on after every usage limit, however often that was asked for",
    file: `${ROOM}/end/follow-limit.ts`,
    edits: [{ find: 'turn, "limited")) < attempts)', replace: 'turn, "limited")) >= 0)' }],
    catchers: [{ file: LIMITS, title: "[A-29, D-20] where it is asked for" }],
  },
  {
    name: "secrets-in-errors",
    rules: ["A-7"],
    breaks: "keeps the secrets of MCP servers in what an agent says of an error",
    file: `${ROOM}/record/masked.ts`,
    edits: [{ find: "WORDS.has(name) ? masked(mask, value) : value", replace: "value" }],
    catchers: [{ file: "packages/server/test/turn/secrets.test.ts", title: "[A-7, A-25] %s" }],
  },
  {
    name: "late-text-enters-the-answer",
    rules: ["A-16"],
    breaks: "takes text that comes after the agent's answer",
    file: `${ROOM}/record/recorder.ts`,
    edits: [
      {
        find: 'if (this.#fence === "open") return true;',
        replace: 'if (this.#fence === "open" || event.type !== "tool") return true;',
      },
    ],
    catchers: [
      {
        file: "packages/server/test/turn/recorder.test.ts",
        title: "[D-16] a tool that runs may still end within the settle time",
      },
    ],
  },
  {
    name: "refused-writes-dropped",
    rules: ["D-34"],
    breaks: "drops progress when the store answers 503 instead of repeating it",
    file: `${ROOM}/record/progress-writer.ts`,
    edits: [
      {
        find: "return retryStorage({ clock, signal, onRefused: () => this.#showStorage() }, command);",
        replace:
          "return command().catch(() => retryStorage({ clock, signal, onRefused: () => this.#showStorage() }, () => undefined as never));",
      },
    ],
    catchers: [
      { file: "packages/server/test/turn/progress-writer.test.ts", title: "[D-34] writes are repeated" },
    ],
  },
  {
    name: "claim-lost-repeated",
    rules: ["D-17"],
    breaks: "an owner that lost its claim is told of a fault and not of its loss",
    file: `${ROOM}/record/progress-writer.ts`,
    edits: [
      {
        find: 'isHoldfastError(error, "CLAIM_LOST") ? { kind: "claimLost" } : { kind: "fault", error }',
        replace: '{ kind: "fault", error }',
      },
    ],
    catchers: [
      {
        file: "packages/server/test/turn/progress-writer.test.ts",
        title: "[D-17] CLAIM_LOST drops what is held",
      },
      {
        file: "packages/server/test/turn/shutdown.test.ts",
        title: "[D-17] the agent is ended, nothing more is written",
      },
    ],
  },
  {
    name: "cancel-after-the-intent",
    rules: ["D-10"],
    breaks: "tells the agent to stop before the intent is committed",
    file: `${ROOM}/turns.ts`,
    edits: [
      {
        find: "const applied = await this.#deps.store.cancelTurn(command);",
        replace:
          "const before = await this.#deps.store.getTurn(command.turnId);\n    if (before !== undefined) this.#dispatcher.cancel(before.sessionId, before.id);\n    const applied = await this.#deps.store.cancelTurn(command);",
      },
    ],
    catchers: [
      {
        file: "packages/server/test/turn/stopping.test.ts",
        title: "[D-10, R-17.12] a running turn: the intent is durable first",
      },
    ],
  },
  {
    name: "call-metadata-overwritten",
    rules: ["R-17.11"],
    breaks: "lets what is said of a call later overwrite what was said of it before",
    file: `${ROOM}/record/tool-part.ts`,
    edits: [
      {
        find: "metadata: update.metadata && { ...call.metadata, ...update.metadata },",
        replace: "metadata: update.metadata,",
      },
    ],
    catchers: [{ file: "packages/server/test/turn/tool-calls.test.ts", title: "[R-17.11]" }],
  },
  {
    name: "handoff-with-secrets",
    rules: ["A-6"],
    breaks: "hands a secret of one agent's turn over to another agent",
    file: `${ROOM}/open/handoff.ts`,
    edits: [{ find: "redact(text).replaceAll(", replace: "(redact(text) && text).replaceAll(" }],
    catchers: [{ file: `${ROOM}/open/handoff.test.ts`, title: "[A-6] with %s" }],
  },
  {
    name: "waiting-overtaken",
    rules: ["A-8"],
    breaks: "gives a free place to whoever asks first, whoever waits for one",
    file: `${ROOM}/start/start-order.ts`,
    edits: [
      {
        find: 'earlier.some(({ waitsFor }) => waitsFor === "pool")',
        replace: "earlier.length < 0",
      },
    ],
    catchers: [
      { file: `${ROOM}/start/start-order.test.ts`, title: "[A-8] who waits for a place first when %s" },
      {
        file: `${ROOM}/start/start-order.test.ts`,
        title: "[A-8] whoever waits for a place gets the next one",
      },
    ],
  },
  {
    name: "deadline-approves",
    rules: ["A-19"],
    breaks: "allows what nobody answered in time",
    file: "packages/server/src/permission/permissions.ts",
    edits: [
      {
        find: 'return answer === "late" ? "expired" : answer;',
        replace: 'return answer === "late" ? "once" : answer;',
      },
    ],
    catchers: [
      {
        file: "packages/server/test/permission/permissions.test.ts",
        title: "[A-19, R-14.2] without an answer until the deadline",
      },
    ],
  },
  {
    name: "question-takes-anything",
    rules: ["A-19"],
    breaks: "gives an agent an answer that does not fit its fields",
    file: "packages/server/src/permission/questions.ts",
    edits: [{ find: "  if (issues.length === 0) return;", replace: "  return;" }],
    catchers: [
      {
        file: "packages/server/test/permission/questions.test.ts",
        title: "[A-19] an answer that does not fit is refused",
      },
    ],
  },
];
