/** What people and agents do in the sessions of a simulation, through the commands of the shipped store. */
import { isHoldfastError, newId } from "@holdfast/kernel";
import type { PartId, SessionId, TextPart, ToolPart } from "@holdfast/protocol";
import type { StoredChange } from "../../packages/server/src/store/index.ts";
import {
  type AskedTurn,
  delta,
  OWNER,
  placeOf,
  type StoreRig,
  textPart,
  toolPart,
} from "../../packages/server/test/contract/rig.ts";
import { change, changeWrite, revised } from "../../packages/server/test/contract/worktree-rig.ts";
import type { Random } from "../torture/random.ts";

/** What may never leave: each is masked by its pattern, and then wherever it stands bare. */
export const SECRETS = [
  "ghp_0123456789abcdefghijABCDEFGHIJ012345",
  "sk-ant-api03-Zk3vQ9xLmN8pR7sT6uV5wX4yZ2aB1cD0",
] as const;

const WORDS = [
  "heron",
  "otter",
  "the",
  "reads",
  "a",
  "file\n",
  "💡",
  "naïve",
  "and",
  "`code`",
  "{",
  "}",
  " ",
] as const;

/** Said of what may not be now; a change of a path that has one already is stale. */
const REFUSALS = ["UNPROCESSABLE", "CONFLICT", "STALE"] as const;

/** Contents that come again, of which parts go while others show them still; the last holds what may not leave. */
const TEXTS = ["a list of herons\n", "otters, by length\n", `TOKEN=${SECRETS[0]}\n`] as const;
const IMAGES = [Uint8Array.of(137, 80, 78, 71, 1), Uint8Array.of(137, 80, 78, 71, 2)] as const;

type Run = { turn: AskedTurn; open: Map<PartId, Open> };
type Open = { part: TextPart | ToolPart; field: "text" | "output"; text: string };

/** The work in one session. What it remembers is of one life of the program; a new one begins with what the rows say. */
export class Workload {
  readonly sessionId: SessionId;
  readonly #rig: StoreRig;
  readonly #random: Random;
  #run: Run | undefined;
  #isActing = false;
  /** Ends with the last of what was begun: the timers of a program bring others in between. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(rig: StoreRig, random: Random, sessionId: SessionId) {
    this.#rig = rig;
    this.#random = random;
    this.sessionId = sessionId;
  }

  /** A new session of the rig, and the work in it. */
  static async begin(rig: StoreRig, random: Random): Promise<Workload> {
    return new Workload(rig, random, await rig.session({ title: "What the heron saw" }));
  }

  /** One thing that happens next. Nothing where the session is gone, where the store says that it may not be, or while another one happens. */
  async act(): Promise<void> {
    if (this.#isActing) return;
    this.#isActing = true;
    try {
      await this.#alone(() => this.#actOnce());
    } catch (error) {
      if (!REFUSALS.some((code) => isHoldfastError(error, code))) throw error;
    } finally {
      this.#isActing = false;
    }
  }

  async #actOnce(): Promise<void> {
    if ((await this.#rig.store.getSession(this.sessionId)) === undefined) return;
    if (this.#run === undefined) return this.#random.chance(0.6) ? this.#ask() : this.#edit();
    const { open } = this.#run;
    if (this.#random.chance(0.08)) return this.#attach(this.#run);
    const roll = this.#random.int(0, 99);
    if (roll < 45 && open.size > 0) return this.#grow(this.#run);
    if (roll < 65) return this.#open(this.#run);
    if (roll < 80 && open.size > 0) return this.#close(this.#run);
    if (roll < 86) return this.#removeOpen(this.#run);
    if (roll < 92) return this.#rename();
    return this.#finish();
  }

  /** What is asked for at once happens one after the other. */
  #alone<T>(does: () => Promise<T>): Promise<T> {
    const done = this.#last.then(does);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Ends what is open, as the end of a turn does. */
  finish(): Promise<void> {
    return this.#alone(() => this.#finish());
  }

  async #finish(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    await this.#rig.finish(run.turn);
  }

  /** Takes answers back from some place of the history on, the newest first. */
  takeBack(): Promise<number> {
    return this.#alone(() => this.#takeBack());
  }

  async #takeBack(): Promise<number> {
    await this.#finish();
    if ((await this.#rig.store.getSession(this.sessionId)) === undefined) return 0;
    const history = await this.#rig.history(this.sessionId);
    const gone = history
      .slice(this.#random.int(0, history.length))
      .filter(({ info }) => info.role === "assistant")
      .toReversed();
    for (const { info } of gone) await this.#rig.store.removeMessage({ actor: OWNER, messageId: info.id });
    return gone.length;
  }

  delete({ keepShares = false } = {}): Promise<void> {
    return this.#alone(async () => {
      await this.#finish();
      await this.#rig.store.deleteSession({ actor: OWNER, sessionId: this.sessionId, keepShares });
    });
  }

  async #ask(): Promise<void> {
    const model = { modelId: this.#random.pick(["small", "large"]) };
    await this.#rig.admit(this.sessionId, this.#words(), this.#random.chance(0.5) ? { model } : {});
    this.#run = { turn: await this.#rig.start(this.sessionId), open: new Map() };
  }

  async #open(run: Run): Promise<void> {
    const place = placeOf(run.turn);
    const isText = this.#random.chance(0.6);
    const text = isText ? this.#words() : "";
    const part = isText
      ? textPart(place, text, { start: 1 })
      : toolPart(place, {
          status: "running",
          input: { path: "src/a.ts", note: this.#words() },
          raw: "",
          time: { start: 1 },
        });
    await this.#rig.part(run.turn, part);
    run.open.set(part.id, { part, field: isText ? "text" : "output", text });
  }

  async #attach(run: Run): Promise<void> {
    const isText = this.#random.chance(0.5);
    const text = this.#random.chance(0.5) ? this.#random.pick(TEXTS) : this.#words();
    const bytes = isText ? Buffer.from(text) : this.#random.pick(IMAGES);
    const mime = isText ? "text/plain" : "image/png";
    const { hash } = await this.#rig.store.putBlob({ bytes, mime, sessionId: this.sessionId });
    const file = { mime, filename: isText ? "list.txt" : "heron.png", url: `blob:${hash}` };
    const place = placeOf(run.turn);
    await this.#rig.part(run.turn, { id: newId("prt"), ...place, type: "file", ...file });
  }

  async #grow(run: Run): Promise<void> {
    const open = this.#random.pick([...run.open.values()]);
    const pieces = Array.from({ length: this.#random.int(1, 3) }, () => this.#words());
    const ops = pieces.map((text) => {
      const op = delta(open.part, open.text.length, text, open.field);
      open.text += text;
      return op;
    });
    await this.#rig.append(run.turn, ...ops);
    if (this.#random.chance(0.2))
      await this.#rig.append(run.turn, { op: "checkpoint", partId: open.part.id });
  }

  async #close(run: Run): Promise<void> {
    const [id, { part, text }] = this.#random.pick([...run.open]);
    run.open.delete(id);
    const time = { start: 1, end: 2 };
    if (part.type === "text") {
      await this.#rig.part(run.turn, { ...part, text, time });
      return;
    }
    const { input } = part.state;
    const state: ToolPart["state"] = {
      status: "completed",
      input,
      raw: "",
      title: "Read",
      output: text,
      metadata: {},
      time,
    };
    await this.#rig.part(run.turn, { ...part, state });
  }

  async #removeOpen(run: Run): Promise<void> {
    const [id] = [...run.open.keys()];
    if (id === undefined) return;
    run.open.delete(id);
    await this.#rig.append(run.turn, { op: "removePart", partId: id });
  }

  /** Gives the session another title, if it is there. */
  rename(): Promise<void> {
    return this.#alone(() => this.#rename());
  }

  async #rename(): Promise<void> {
    if ((await this.#rig.store.getSession(this.sessionId)) === undefined) return;
    const title = this.#words().trim() || "A title";
    await this.#rig.store.patchSession({ actor: OWNER, sessionId: this.sessionId, patch: { title } });
  }

  /** What is done with a settled history: rows changed, removed, changes of files recorded. */
  async #edit(): Promise<void> {
    const roll = this.#random.int(0, 9);
    if (roll < 3) return this.#rename();
    if (roll < 6) return this.#recordChange();
    const message = this.#pickOf(await this.#rig.history(this.sessionId));
    if (message === undefined) return;
    if (roll < 7) return this.#rig.store.removeMessage({ actor: OWNER, messageId: message.info.id });
    const part = this.#pickOf(
      message.parts.filter(({ type }) => type === "text" || type === "tool" || type === "file"),
    );
    if (part === undefined) return;
    if (roll < 8) return this.#rig.store.removePart({ actor: OWNER, partId: part.id });
    if (part.type === "text")
      await this.#rig.store.updatePart({ actor: OWNER, part: { ...part, text: this.#words() } });
  }

  async #recordChange(): Promise<void> {
    const session = await this.#rig.readSession(this.sessionId);
    const { workspaceId } = session;
    const changes = await this.#rig.store.listChanges({ workspaceId });
    const known = this.#pickOf(changes);
    const id = newId("chg");
    const name = this.#random.chance(0.05) ? this.#random.pick(SECRETS) : id;
    const origin = { agent: "rehearsal", sessionId: this.sessionId };
    const own: Partial<StoredChange> = {
      id,
      sessionId: this.sessionId,
      path: `src/${name}.ts`,
      contributions: [{ ...origin, before: "1".repeat(40), after: "2".repeat(40), hunks: ["h1"], time: 1 }],
      hunks: [{ id: "h1", oldStart: 1, oldLines: 1, newStart: 1, newLines: 2, origins: [origin] }],
    };
    const write: Parameters<typeof changeWrite>[1] =
      known === undefined || this.#random.chance(0.4)
        ? { changes: [change(workspaceId, own)] }
        : this.#random.chance(0.5)
          ? { gone: [{ changeId: known.id, state: "applied" }] }
          : { changes: [revised(stored(known), { additions: this.#random.int(0, 9) })] };
    await this.#rig.store.recordChanges(changeWrite(workspaceId, write));
  }

  #words(): string {
    const words: string[] = Array.from({ length: this.#random.int(1, 6) }, () => this.#random.pick(WORDS));
    if (this.#random.chance(0.06)) words.push(this.#random.pick(SECRETS));
    return `${words.join(" ")}${this.#random.chance(0.5) ? " " : ""}`;
  }

  #pickOf<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : this.#random.pick(items);
  }
}

type Shown = { time?: unknown; action?: unknown; staged?: unknown };

function stored(shown: StoredChange & Shown): StoredChange {
  const { time: _time, action: _action, staged: _staged, ...row } = shown;
  return row;
}
