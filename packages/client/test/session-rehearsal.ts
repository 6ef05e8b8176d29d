/** A small server in memory for the property tests: rows, what happens to them, and the log of that. */
import type { Delta, Message, MessageInfo, Part, Permission, Session, Todo } from "@holdfast/protocol";
import { ThinLog, timeOf } from "./thin-log.ts";
import { newTurnRows, type TurnRows } from "./turn-rows.ts";

const pad = (n: number) => String(n).padStart(26, "0");

export type Step = { kind: number; pick: number; size: number };

export class SessionRehearsal {
  readonly log: ThinLog;
  readonly messages = new Map<string, MessageInfo>();
  readonly parts = new Map<string, Part>();
  readonly turns = new Map<string, TurnRows>();
  readonly permissions = new Map<string, Permission>();
  session: Session;
  todos: Todo[] = [];
  #next = 0;
  #ordinal = 0;
  readonly #partOrdinals = new Map<string, number>();

  constructor() {
    this.session = {
      id: this.#id("ses"),
      projectId: this.#id("prj"),
      workspaceId: this.#id("wsp"),
      directory: "/p",
      title: "t",
      agent: "rehearsal",
      approvalMode: "ask",
      resumePolicy: "manual",
      status: "idle",
      attention: "none",
      queue: { length: 0, paused: false },
      time: { created: 1, updated: 1 },
      lastSeq: 0,
      usage: {},
    };
    this.log = new ThinLog(this.session.id);
    this.#announce("session.created", "session", () => ({ session: this.session }));
  }

  get lastSeq(): number {
    return this.log.lastSeq;
  }

  step({ kind, pick, size }: Step): void {
    const actions = [
      () => this.#admit(),
      () => this.#start(),
      () => this.#openText(size % 3 === 0 ? "reasoning" : "text"),
      () => this.#extend(pick, size),
      () => this.#extend(pick, size),
      () => this.#extend(pick, size),
      () => this.#openTool(),
      () => this.#advanceTool(pick, size),
      () => this.#replaceOutput(pick, size),
      () => this.#finish(size),
      () => this.#rename(size),
      () => this.#ask(),
      () => this.#reply(pick),
      () => this.#plan(size),
      () => this.#removePart(pick),
      () => this.#removeMessage(pick),
      () => this.#note(),
      () => this.#reorder(),
      () => this.#nextStep(),
    ];
    actions[kind % actions.length]?.();
  }

  historyMessages(): Message[] {
    const placed = [...this.messages.values()].filter((info) => info.ordinal !== undefined);
    return placed
      .toSorted((a, b) => (a.ordinal ?? 0) - (b.ordinal ?? 0))
      .map((info) => ({ info, parts: this.#partsOf(info.id) }));
  }

  #partsOf(messageId: string): Part[] {
    const parts = [...this.parts.values()].filter((part) => part.messageId === messageId);
    return parts.toSorted((a, b) => (a.ordinal ?? 0) - (b.ordinal ?? 0));
  }

  #id<P extends string>(prefix: P): never {
    this.#next += 1;
    return `${prefix}_${pad(this.#next)}` as never;
  }

  /** An event of a row: read when it is sent. */
  #announce(type: string, row: string, read: () => unknown): void {
    this.#stamp(type);
    this.log.append({ type, row, read });
  }

  #append(type: string, data: unknown, more: { row?: string; part?: string } = {}): void {
    this.#stamp(type);
    this.log.append({ type, data, ...more });
  }

  #stamp(type: string): void {
    const seq = this.lastSeq + 1;
    this.session.lastSeq = seq;
    // The row's time changes with the events that show it alone.
    if (type === "session.created" || type === "session.updated") this.session.time.updated = timeOf(seq);
  }

  #announceSession(): void {
    this.#announce("session.updated", "session", () => ({ session: this.session }));
  }

  #setStatus(status: Session["status"]): void {
    this.session.status = status;
    this.#append(
      "session.status",
      status === "retry" ? { status, retry: { attempt: 1, message: "m", next: 9 } } : { status },
      { row: "status" },
    );
  }

  #putMessage(info: MessageInfo): void {
    this.messages.set(info.id, info);
    const read = () => {
      const message = this.messages.get(info.id);
      return message && { message };
    };
    this.#announce("message.updated", `message ${info.id}`, read);
  }

  #putPart(part: Part): void {
    let ordinal = this.parts.get(part.id)?.ordinal;
    if (ordinal === undefined) {
      ordinal = this.#partOrdinals.get(part.messageId) ?? 0;
      this.#partOrdinals.set(part.messageId, ordinal + 1);
    }
    this.parts.set(part.id, { ...part, ordinal });
    const read = () => {
      const now = this.parts.get(part.id);
      return now && { part: now };
    };
    this.#announce("message.part.updated", `part ${part.id}`, read);
  }

  #announceTurn(type: string, rows: TurnRows): void {
    this.#announce(type, `turn ${rows.turn.id}`, () => ({ turn: rows.turn }));
  }

  #announceInput(type: string, rows: TurnRows): void {
    this.#announce(type, `input ${rows.input.id}`, () => ({ input: rows.input }));
  }

  #admit(): void {
    const [turnId, inputId, messageId] = [this.#id("trn"), this.#id("inp"), this.#id("msg")];
    const base = { sessionId: this.session.id, turnId, agent: "rehearsal" };
    const rows = newTurnRows({
      sessionId: this.session.id,
      turnId,
      inputId,
      messageId,
      position: this.#next,
    });
    this.turns.set(turnId, rows);
    this.#announceInput("input.admitted", rows);
    this.#announceTurn("turn.queued", rows);
    this.#putMessage({ ...base, id: messageId, role: "user", time: { created: 1 } });
    this.#putPart({ id: this.#id("prt"), sessionId: this.session.id, messageId, type: "text", text: "hi" });
    this.session.queue = { length: this.session.queue.length + 1, paused: false };
    this.#announceSession();
  }

  get #running(): TurnRows | undefined {
    return [...this.turns.values()].find((rows) => rows.turn.state === "running");
  }

  #start(): void {
    const rows = [...this.turns.values()].find((item) => item.turn.state === "queued");
    const user = rows && this.messages.get(rows.user);
    if (rows === undefined || user === undefined || this.#running !== undefined) return;
    const assistant = this.#id("msg");
    rows.turn = {
      ...rows.turn,
      state: "running",
      assistantMessageIds: [assistant],
      time: { queued: 1, started: 2 },
    };
    rows.input = { ...rows.input, state: "delivered", time: { admitted: 1, delivered: 2 } };
    this.#announceTurn("turn.started", rows);
    this.#announceInput("input.delivered", rows);
    this.#putMessage({ ...user, ordinal: this.#ordinal++ });
    this.#putAnswer(rows, assistant);
    this.#setStatus("busy");
  }

  #putAnswer(rows: TurnRows, id: MessageInfo["id"]): void {
    rows.assistant = id;
    this.#putMessage({
      id,
      sessionId: this.session.id,
      ordinal: this.#ordinal++,
      turnId: rows.turn.id,
      agent: "rehearsal",
      role: "assistant",
      parentId: rows.user as never,
      time: { created: 2 },
      path: { cwd: "/p", root: "/p" },
    });
  }

  #nextStep(): void {
    const rows = this.#running;
    const answer = rows?.assistant === undefined ? undefined : this.messages.get(rows.assistant);
    if (rows === undefined || answer?.role !== "assistant") return;
    this.#putMessage({ ...answer, finish: "tool-calls", time: { created: 2, completed: 5 } });
    this.#putAnswer(rows, this.#id("msg"));
    const assistantMessageIds = [...rows.turn.assistantMessageIds, rows.assistant as never];
    rows.turn = { ...rows.turn, assistantMessageIds };
    this.#announceTurn("turn.updated", rows);
  }

  #openText(type: "text" | "reasoning"): void {
    const rows = this.#running;
    if (rows?.assistant === undefined || !this.messages.has(rows.assistant)) return;
    const id = this.#id("prt");
    rows.open.push(id);
    this.#putPart({
      id,
      sessionId: this.session.id,
      messageId: rows.assistant as never,
      type,
      text: "",
      time: { start: 3 },
    });
  }

  #openTool(): void {
    const rows = this.#running;
    if (rows?.assistant === undefined || !this.messages.has(rows.assistant)) return;
    const id: never = this.#id("prt");
    rows.open.push(id);
    const state = { status: "pending", input: {}, raw: "" } as const;
    this.#putPart({
      id,
      sessionId: this.session.id,
      messageId: rows.assistant as never,
      type: "tool",
      callId: id,
      tool: "bash",
      state,
    });
  }

  #pickOpen(pick: number): Part | undefined {
    const open = this.#running?.open.filter((id) => this.parts.has(id)) ?? [];
    return this.parts.get(open[pick % Math.max(open.length, 1)] ?? "");
  }

  #extend(pick: number, size: number): void {
    const part = this.#pickOpen(pick);
    if (part === undefined) return;
    const text = "abcdefgh".slice(0, (size % 8) + 1);
    const delta = (field: Delta["field"], offset: number): Delta => ({
      messageId: part.messageId,
      partId: part.id,
      field,
      offset,
      text,
    });
    const send = (data: Delta, grown: Part) => {
      this.parts.set(part.id, grown);
      this.#append("message.part.delta", data, { part: part.id });
    };
    if (part.type === "text" || part.type === "reasoning") {
      send(delta("text", part.text.length), { ...part, text: part.text + text });
    } else if (part.type === "tool" && part.state.status === "pending") {
      send(delta("raw", part.state.raw.length), {
        ...part,
        state: { ...part.state, raw: part.state.raw + text },
      });
    } else if (part.type === "tool" && part.state.status === "running") {
      const output = part.state.output ?? "";
      send(delta("output", output.length), { ...part, state: { ...part.state, output: output + text } });
    }
  }

  #advanceTool(pick: number, size: number): void {
    const part = this.#pickOpen(pick);
    if (part?.type !== "tool") return;
    const { state } = part;
    if (state.status === "pending") {
      this.#putPart({
        ...part,
        state: { status: "running", input: { a: 1 }, raw: state.raw, time: { start: 4 } },
      });
    } else if (state.status === "running") {
      const output = "x".repeat(size % 40);
      const done = {
        status: "completed",
        input: state.input,
        raw: state.raw,
        output,
        title: "t",
        metadata: {},
        time: { start: 4, end: 5 },
      } as const;
      this.#putPart({ ...part, state: done });
    }
  }

  #replaceOutput(pick: number, size: number): void {
    const part = this.#pickOpen(pick);
    if (part?.type !== "tool" || part.state.status !== "running") return;
    this.#putPart({ ...part, state: { ...part.state, output: "z".repeat(size % 12) } });
  }

  #finish(size: number): void {
    const rows = this.#running;
    if (rows === undefined) return;
    for (const id of rows.open) {
      const part = this.parts.get(id);
      if (part?.type === "text" || part?.type === "reasoning")
        this.#putPart({ ...part, time: { start: 3, end: 6 } });
    }
    const assistant = rows.assistant === undefined ? undefined : this.messages.get(rows.assistant);
    if (assistant?.role === "assistant")
      this.#putMessage({ ...assistant, finish: "stop", time: { created: 2, completed: 6 } });
    this.session = { ...this.session, usage: { cost: size }, time: { ...this.session.time } };
    this.#setStatus("idle");
    this.#announceSession();
    rows.turn = { ...rows.turn, state: "completed", time: { queued: 1, started: 2, ended: 6 } };
    this.#announceTurn("turn.completed", rows);
  }

  #rename(size: number): void {
    this.session = { ...this.session, title: `t${size}`, time: { ...this.session.time } };
    if (size % 4 === 0 && this.#running !== undefined) this.#setStatus("retry");
    this.#announceSession();
  }

  #ask(): void {
    const rows = this.#running;
    if (rows === undefined) return;
    const id = this.#id("per");
    const base = {
      id,
      sessionId: this.session.id,
      turnId: rows.turn.id,
      agent: "rehearsal",
      tool: "bash",
      title: "t",
      kind: "execute",
    };
    this.permissions.set(id, { ...base, args: {}, patterns: [], state: "pending", time: { asked: 3 } });
    this.#announce("permission.asked", `permission ${String(id)}`, () => ({
      permission: this.permissions.get(id),
    }));
    this.#setStatus("waiting");
  }

  #reply(pick: number): void {
    const pending = [...this.permissions.values()].filter((request) => request.state === "pending");
    const request = pending[pick % Math.max(pending.length, 1)];
    if (request === undefined) return;
    this.permissions.set(request.id, { ...request, state: "replied", reply: "once" });
    const read = () => ({ permission: this.permissions.get(request.id) });
    this.#announce("permission.replied", `permission ${request.id}`, read);
  }

  #plan(size: number): void {
    this.todos = [{ content: `do ${size}`, status: "pending", priority: "low" }];
    this.#announce("todo.updated", "todos", () => ({ todos: this.todos }));
  }

  #removePart(pick: number): void {
    const parts = [...this.parts.values()];
    const part = parts[pick % Math.max(parts.length, 1)];
    if (part === undefined || pick % 5 !== 0) return;
    this.parts.delete(part.id);
    this.#append("message.part.removed", { messageId: part.messageId, partId: part.id });
  }

  #removeMessage(pick: number): void {
    const messages = [...this.messages.values()];
    const message = messages[pick % Math.max(messages.length, 1)];
    if (message === undefined || pick % 5 !== 0 || this.#running !== undefined) return;
    for (const part of this.#partsOf(message.id)) this.parts.delete(part.id);
    this.messages.delete(message.id);
    this.#append("message.removed", { messageId: message.id });
  }

  #note(): void {
    this.#append("agent.notice", { agent: "rehearsal", kind: "stderr", bytes: 1, tail: "x" });
  }

  #reorder(): void {
    const queued = [...this.turns.values()].filter((rows) => rows.input.state === "queued").toReversed();
    queued.forEach((rows, index) => {
      rows.input = { ...rows.input, position: index };
      this.#announceInput("input.updated", rows);
    });
  }
}
