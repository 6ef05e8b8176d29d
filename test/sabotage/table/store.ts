import type { Sabotage } from "../sabotage.ts";
import { contract, ENGINE } from "./engine.ts";

/** The embedded engine: commands and log. */
export const STORE: readonly Sabotage[] = [
  {
    name: "idempotency-off",
    rules: ["D-5"],
    breaks: "a repeated key does the work again: the record is written and never looked at",
    file: `${ENGINE}/replay-key.ts`,
    edits: [
      { find: "return JSON.parse(row.result) as T;", replace: "return undefined;" },
      { find: '"INSERT INTO idempotency', replace: '"INSERT OR REPLACE INTO idempotency' },
    ],
    catchers: [contract("sessions", "[D-5] a repeated creation answers the first session")],
  },
  {
    name: "idempotency-any-body",
    rules: ["D-5"],
    breaks: "answers another body under the same key with the first one's result",
    file: `${ENGINE}/replay-key.ts`,
    edits: [{ find: "row.body_hash !== key.bodyHash", replace: 'row.body_hash === ""' }],
    catchers: [contract("sessions", "[D-5] a repeated creation answers the first session")],
  },
  {
    name: "epoch-unchecked",
    rules: ["D-17", "D-3"],
    breaks: "lets an owner that lost its claim write progress: any epoch up to the newest will do",
    file: `${ENGINE}/log.ts`,
    edits: [
      { find: "s.epoch = ?", replace: "s.epoch >= ?" },
      { find: "rid = ? AND epoch = ? AND", replace: "rid = ? AND epoch >= ? AND" },
    ],
    catchers: [contract("claims", "[D-17] a stale epoch writes nothing")],
  },
  {
    name: "memory-unchecked",
    rules: ["D-3", "A-16"],
    breaks: "an append trusts what it remembers of its turn, though another command has changed it",
    file: `${ENGINE}/log.ts`,
    edits: [{ find: "epoch = ? AND last_seq = ?", replace: "epoch = ? AND last_seq >= ?" }],
    catchers: [contract("claims", "[D-3, A-16] an append sees what another command of the session did")],
  },
  {
    name: "finalization-unfenced",
    rules: ["D-17"],
    breaks: "lets an owner that lost its claim end the turn",
    file: `${ENGINE}/commands/owned-turn.ts`,
    edits: [
      { find: "if (row?.epoch !== epoch) throw", replace: "if (row === undefined || epoch < 0) throw" },
    ],
    catchers: [contract("claims", "[D-17] a stale epoch writes nothing")],
  },
  {
    name: "delta-offset-unchecked",
    rules: ["D-12"],
    breaks: "stores a delta that overlaps what is there, so that text is doubled",
    file: `${ENGINE}/commands/progress.ts`,
    edits: [{ find: "if (length !== op.offset) {", replace: "if (length < op.offset) {" }],
    catchers: [contract("streaming", "[D-12] a delta that does not begin where the field ends is refused")],
  },
  {
    name: "progress-after-the-end",
    rules: ["A-16", "D-7"],
    breaks: "writes what comes after the end into a turn that has ended",
    file: `${ENGINE}/commands/progress.ts`,
    edits: [{ find: 'if (turn.state !== "running" && ops', replace: 'if (turn.state === "queued" && ops' }],
    catchers: [contract("lifecycle", "[D-7] a ${state} turn meets ${command}: ${outcome}")],
  },
  {
    name: "checkpoint-counts-later-deltas",
    rules: ["D-13"],
    breaks: "a checkpointed row names a seq that it does not hold yet, so that readers lose a delta",
    file: `${ENGINE}/commands/progress.ts`,
    edits: [
      { find: "checkpoint(progress, op.partId, seq - 1)", replace: "checkpoint(progress, op.partId, seq)" },
    ],
    catchers: [contract("streaming", "[D-13] a checkpoint has no event")],
  },
  {
    name: "step-left-open",
    rules: ["R-1.6", "R-1.5"],
    breaks: "begins the next step and leaves the answer before it open, so that a crash calls both aborted",
    file: `${ENGINE}/commands/progress.ts`,
    edits: [
      {
        find: "time: { ...open.info.time, completed: write.now } };",
        replace: "time: { ...open.info.time } };",
      },
    ],
    catchers: [contract("steps", "[R-1.6, R-1.5] an interrupted turn leaves no answer open")],
  },
  {
    name: "permission-answered-twice",
    rules: ["A-19"],
    breaks: "takes the second answer to a permission request and overwrites the first",
    file: `${ENGINE}/commands/request.ts`,
    edits: [
      { find: 'if (row.state !== "pending") throw', replace: 'if (row.state === "expired") throw' },
      { find: "time_ended = ? WHERE rid = ? AND state = 'pending'", replace: "time_ended = ? WHERE rid = ?" },
    ],
    catchers: [contract("permissions", "[A-19] of answers at once the first wins")],
  },
  {
    name: "permission-left-open",
    rules: ["A-19", "D-10"],
    breaks: "a turn completes and its permission request goes on waiting for somebody",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      {
        find: "\n  expireRequests(log, turn);",
        replace: '\n  if (record.state !== "completed") expireRequests(log, turn);',
      },
    ],
    catchers: [contract("finalization", "[A-19] requests of the turn expire, answered ones stay")],
  },
  {
    name: "queue-by-time",
    rules: ["D-6"],
    breaks: "runs the queue by the time an input came, whatever order it was put in",
    file: `${ENGINE}/rows/input.ts`,
    edits: [
      {
        find: "ORDER BY i.delivery DESC, i.position LIMIT 1",
        replace: "ORDER BY i.time_admitted, i.rid LIMIT 1",
      },
    ],
    catchers: [
      contract("queue", "[D-6] a steer that no turn took runs ahead of the queue"),
      contract("queue", "[D-6] a reorder puts the named first"),
    ],
  },
  {
    name: "steer-left-open",
    rules: ["D-6"],
    breaks: "leaves what went into a turn without an end when that turn ends before its agent answered",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [{ find: "  endOpenSteers(log, turn);\n", replace: "" }],
    catchers: [contract("steering", "[D-6] the end of the running turn ends what its agent was given")],
  },
  {
    name: "steer-stays-in-the-queue",
    rules: ["D-6"],
    breaks: "gives a steer to the running turn and leaves it in the queue",
    file: `${ENGINE}/commands/steer.ts`,
    edits: [
      {
        find: "UPDATE input SET state = 'delivered', time_delivered = ? WHERE rid = ?",
        replace: "UPDATE input SET time_delivered = ? WHERE rid = ?",
      },
    ],
    catchers: [contract("steering", "[D-6] a steer is delivered into the running turn before its agent")],
  },
  {
    name: "pause-not-durable",
    rules: ["D-6"],
    breaks: "starts the next input although the queue was paused",
    file: `${ENGINE}/rows/input.ts`,
    edits: [{ find: "if (session.queue_paused === 1 || session", replace: "if (session" }],
    catchers: [contract("queue", "[D-6] a paused queue starts nothing until it is resumed")],
  },
  {
    name: "two-writers",
    rules: ["A-14"],
    breaks: "a turn takes the write lease of its workspace although another one has it",
    file: `${ENGINE}/workspace-lease.ts`,
    edits: [
      {
        find: "const holder = holderOf(write, session.workspace);",
        replace: "const holder = holderOf(write, -session.workspace);",
      },
    ],
    catchers: [contract("leases", "[A-14] one turn has a workspace from its start to its end")],
  },
  {
    name: "handoff-repeated",
    rules: ["A-6"],
    breaks: "tells an agent again what it was told and answered",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      {
        find: "isAnswered(write, turn, record)) data.watermark",
        replace: "isAnswered(write, turn, record) && write.now === 0) data.watermark",
      },
    ],
    catchers: [
      contract("agent-sessions", "[A-6] the watermark is raised by the transaction"),
      {
        file: "packages/server/test/turn/handoff.test.ts",
        title: "[A-6] each agent keeps its own backend session",
      },
    ],
  },
  {
    name: "finalization-not-idempotent",
    rules: ["D-7"],
    breaks: "a second finalization of a turn is an error and not the first one's result",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      {
        find: "if (isTerminal(turn.state)) return toTurn(write, turn);",
        replace: "if (isTerminal(turn.state) && turn.record === null) return toTurn(write, turn);",
      },
    ],
    catchers: [contract("finalization", "[D-7] finalizing twice returns the first result")],
  },
  {
    name: "last-record-wins",
    rules: ["D-7"],
    breaks: "whoever stores how a turn ends later overwrites who stored it first",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      {
        find: "if (stored !== undefined) return stored;",
        replace: "if (stored !== undefined && isTerminal(turn.state)) return stored;",
      },
      { find: 'if (turn.state !== "running") {', replace: "if (isTerminal(turn.state)) {" },
    ],
    catchers: [contract("finalization", "[D-7] of finalizations at once the first record wins")],
  },
  {
    name: "usage-counted-twice",
    rules: ["A-21"],
    breaks: "adds a turn's usage to the totals twice",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      {
        find: "\n  addToTotals(log, turn, record, usage);",
        replace:
          "\n  addToTotals(log, turn, record, usage);\n  addToTotals({ ...log, session: openLogByRid(write, turn.session, command.actor).session }, turn, record, usage);",
      },
    ],
    catchers: [contract("finalization", "[A-21] usage goes to answer, turn, agent session and session")],
  },
  {
    name: "terminal-event-too-early",
    rules: ["D-7"],
    breaks: "tells the end of a turn before its last parts",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      { find: "\n  endTurn(log, turn, record, usage);", replace: "" },
      {
        find: "\n  settleParts(log, turn);",
        replace: "\n  endTurn(log, turn, record, usage);\n  settleParts(log, turn);",
      },
    ],
    catchers: [contract("finalization", "[D-7] the terminal event is the last of its finalization")],
  },
  {
    name: "session-stays-busy",
    rules: ["D-10"],
    breaks: "the session's status is not derived again when a turn completes",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      {
        find: "if (!refreshSession(log)) announceSession(log);",
        replace: 'if (record.state === "completed" || !refreshSession(log)) announceSession(log);',
      },
    ],
    catchers: [contract("lifecycle", "[D-10] status follows the rows")],
  },
  {
    name: "cancel-not-durable",
    rules: ["D-10"],
    breaks: "accepts a cancel without recording it: a crash forgets it",
    file: `${ENGINE}/commands/turn.ts`,
    edits: [
      {
        find: "SET cancel_time = ?, cancel_actor = ?, superseded = ? WHERE rid = ?",
        replace: "SET cancel_time = ?, cancel_actor = ?, superseded = ? WHERE rid = ? AND 0",
      },
    ],
    catchers: [contract("lifecycle", "[D-10] a cancel is durable before it is answered")],
  },
  {
    name: "cancel-not-decisive",
    rules: ["D-10"],
    breaks: "a cancelled turn is completed when its agent was quicker",
    file: `${ENGINE}/commands/finalize.ts`,
    edits: [
      {
        find: "turn.cancel_time === null ? command.record : cancelled(command.record, why)",
        replace:
          'turn.cancel_time === null || command.record.state === "completed" ? command.record : cancelled(command.record, why)',
      },
    ],
    catchers: [contract("finalization", "[D-10] a recorded cancel decides how the turn ends")],
  },
  {
    name: "finalizing-turns-forgotten",
    rules: ["D-18"],
    breaks: "recovery looks for running turns only and leaves finalizing ones busy for ever",
    file: `${ENGINE}/queries/turn.ts`,
    edits: [{ find: "WHERE t.state IN ('running', 'finalizing')", replace: "WHERE t.state = 'running'" }],
    catchers: [
      {
        file: "packages/server/test/turn/recovery.test.ts",
        title: "[D-7] a turn that was finalizing keeps the record it had",
      },
    ],
  },
  {
    name: "superseded-entries-replayed",
    rules: ["D-4", "R-15.1"],
    breaks: "a replay sends every entry of a row that was rewritten, each with the newest state",
    file: `${ENGINE}/queries/replay.ts`,
    edits: [{ find: "found?.event_seq === seq ? found : undefined", replace: "found" }],
    catchers: [contract("replay", "[D-4, R-15.1] a replay has of each row its newest entry only")],
  },
  {
    name: "deletion-leaves-rows",
    rules: ["D-26"],
    breaks: "a deleted session is only hidden; its rows stay in the database",
    file: `${ENGINE}/commands/session.ts`,
    edits: [
      { find: '"event", "part", "input", "message", "turn"', replace: '"event"' },
      {
        find: '"DELETE FROM session WHERE rid = ?"',
        replace: `"UPDATE session SET id = 'deleted ' || id, parent = NULL, time_archived = 1 WHERE rid = ?"`,
      },
    ],
    catchers: [contract("sessions", "[D-26] deletion takes children first")],
  },
  {
    name: "deltas-swept-too-early",
    rules: ["D-14"],
    breaks: "deletes the deltas of a turn as soon as it has ended, under readers that still want them",
    file: `${ENGINE}/commands/housekeeping.ts`,
    edits: [{ find: "write.now - RETENTION.deltasAfterTurn", replace: "write.now + 1" }],
    catchers: [contract("housekeeping", "[D-14] deltas of an ended turn go a minute after its end")],
  },
  {
    name: "list-by-the-clock",
    rules: ["D-29", "D-3"],
    breaks: "the list of sessions goes by the time of the last activity in them, and the clock may go back",
    file: `${ENGINE}/queries/session.ts`,
    edits: [
      { find: "ORDER BY s.last_position ${direction}", replace: "ORDER BY s.time_updated ${direction}" },
    ],
    catchers: [contract("sessions", "[D-29, D-3] the list goes by the order of events")],
  },
  {
    name: "page-repeats-its-edge",
    rules: ["D-29"],
    breaks: "a page of sessions begins with the last one of the page before",
    file: `${ENGINE}/queries/session.ts`,
    edits: [{ find: '">" : "<"', replace: '">=" : "<="' }],
    catchers: [contract("sessions", "[D-29] sessions of one millisecond")],
  },
  {
    name: "reserve-for-anybody",
    rules: ["D-34"],
    breaks: "an admission on a full disk eats the reserve that is kept to end turns",
    file: `${ENGINE}/full-disk.ts`,
    edits: [{ find: 'new Set(["beginFinalize",', replace: 'new Set(["admitInput", "beginFinalize",' }],
    catchers: [{ file: `${ENGINE}/full-disk.test.ts` }],
  },
];
