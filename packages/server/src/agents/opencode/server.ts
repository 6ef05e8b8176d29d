/**
 * One `opencode serve`, shared by the handles that want the same program in the same environment.
 *
 *   stopped ─use─► starting ─healthy─► running ─gone─► starting (while idle handles are left) | stopped
 *                     └ failed: whoever waits is told             │ deaf for long: ended by us, then as gone
 *
 * Invariants: one start at a time; a handle with a running prompt leaves when the process does, an idle one is carried over to the next
 * process and its port; every event goes to the handle of its session, or of the session that its session works for; without handles it ends
 * after the idle TTL; after `stop` nothing is started again.
 */
import { errorText, silentLogger, within, type Logger, type Timer } from "@holdfast/kernel";
import type { SessionError, SessionId } from "@holdfast/protocol";
import type { AgentProcess, LaunchDeps } from "../../process/index.ts";
import { agentError } from "../agent-error.ts";
import type { AgentDefinition } from "../catalog/index.ts";
import { AgentFailure } from "../port.ts";
import { ApiError, askHealth, createApi, sdkClient, type OpencodeApi } from "./api.ts";
import { EventFeed } from "./event-feed.ts";
import { afterProbe, HEALTH_LIMITS, healthVerdict, WELL, type HealthLimits } from "./health.ts";
import { object, text } from "./json.ts";
import { startServer, type StartedServer } from "./start-server.ts";
import type { WireEvent } from "./wire-event.ts";

/** What a server tells of its end. `isExpected`: we ended it. */
export type ServerEnd = { isExpected: boolean; error: SessionError };

/** A handle as its server sees it. */
export type Member = {
  readonly backendSessionId: string;
  readonly directory: string;
  readonly isBusy: boolean;
  /** An event of its session, or of one that works for it. */
  take(event: WireEvent): Promise<void> | undefined;
  /** The stream is open again: what was missed has to be looked up. */
  streamOpened(): void;
  /** The process is gone; answers whether the member waits for the next one. */
  processGone(end: ServerEnd): boolean;
  /** There is no next one. */
  serverLost(end: ServerEnd): void;
};

/** Whoever keeps servers: one that is stopping is not used again, one that stopped has no process. */
export type ServerListener = { stopping(): void; stopped(): void };

/** `startMs`: from the start of the program to its first healthy answer; 2.5 to 15 s were measured. */
export type ServerLimits = { startMs: number; idleTtlMs: number; subscribeMs: number; health: HealthLimits };

export const SERVER_LIMITS: ServerLimits = {
  startMs: 60_000,
  idleTtlMs: 30 * 60_000,
  subscribeMs: 30_000,
  health: HEALTH_LIMITS,
};

/** A server that dies this often within the window is not started again by itself (A-17's budget). */
const MAX_RESTARTS = 3;
const RESTART_WINDOW_MS = 60_000;

/** Sessions of subagents whose owner is remembered. */
const MAX_CHILDREN = 10_000;

type Running = StartedServer & { feeds: Map<string, EventFeed>; probe: Timer | undefined };

export type ServerDeps = LaunchDeps & { limits: ServerLimits };

export class OpencodeServer {
  readonly #deps: ServerDeps;
  readonly #definition: AgentDefinition;
  readonly #hear: ServerListener;
  readonly #logger: Logger;
  readonly #members = new Map<string, Member>();
  readonly #children = new Map<string, string>();
  #restarts: number[] = [];
  #starting: Promise<Running> | undefined;
  #running: Running | undefined;
  #users = 0;
  #idle: Timer | undefined;
  /** Those that live, the one that is being replaced among them. */
  readonly #processes = new Set<AgentProcess>();
  readonly #stopping = new AbortController();
  #isEnding = false;
  #health = WELL;

  constructor(deps: ServerDeps, definition: AgentDefinition, hear: ServerListener) {
    this.#deps = deps;
    this.#definition = definition;
    this.#hear = hear;
    this.#logger = deps.logger ?? silentLogger;
  }

  /** False once it is being stopped for good. */
  get isUsable(): boolean {
    return !this.#stopping.signal.aborted;
  }

  /** Whoever else uses it beside one handle. */
  get isShared(): boolean {
    return this.#users > 1;
  }

  /** Keeps it from ending; call what is answered when done. */
  use(): () => void {
    this.#users += 1;
    this.#idle?.cancel();
    let isDone = false;
    return () => {
      if (isDone) return;
      isDone = true;
      this.#users -= 1;
      if (this.#users > 0 || !this.isUsable) return;
      this.#idle = this.#deps.clock.after(this.#deps.limits.idleTtlMs, () => void this.stop());
    };
  }

  /** The running server, started when needed. Rejects with an `AgentFailure`. */
  async running(sessionId: SessionId): Promise<{ version: string }> {
    if (this.#running !== undefined) return this.#running;
    if (!this.isUsable) throw this.#lost("open");
    this.#starting ??= this.#start(sessionId).finally(() => (this.#starting = undefined));
    return await this.#starting;
  }

  /** The API in a directory. Throws an `ApiError` while there is no process. */
  api(directory: string): OpencodeApi {
    const running = this.#running;
    if (running === undefined) throw new ApiError("server", undefined, "opencode is not running");
    return createApi(this.#deps.clock, running.address, directory);
  }

  /** Resolves when events of a directory arrive. Rejects with an `ApiError`. */
  async subscribed(directory: string): Promise<void> {
    const running = this.#running;
    if (running === undefined) throw new ApiError("events", undefined, "opencode is not running");
    const feed = this.#feedOf(running, directory);
    const { clock, limits } = this.#deps;
    const isOpen = await within(
      clock,
      limits.subscribeMs,
      feed.opened().then(() => true),
    );
    if (isOpen !== true) throw new ApiError("events", undefined, "the event stream did not open");
  }

  attach(member: Member): void {
    this.#members.set(member.backendSessionId, member);
  }

  /** Its events are nobody's from now on; the last one of a directory ends the stream. */
  detach(member: Member): void {
    if (this.#members.get(member.backendSessionId) === member) this.#members.delete(member.backendSessionId);
    const isLeft = [...this.#members.values()].some(({ directory }) => directory === member.directory);
    if (isLeft) return;
    this.#running?.feeds.get(member.directory)?.close();
    this.#running?.feeds.delete(member.directory);
  }

  /** A session that works for another one: what it asks goes to that one's handle. */
  adopt(childId: string, parentId: string): void {
    if (this.#children.size < MAX_CHILDREN) this.#children.set(childId, parentId);
  }

  /** Whose handle a session's events go to. */
  memberOf(sessionId: string): Member | undefined {
    let id: string | undefined = sessionId;
    for (let depth = 0; id !== undefined && depth < 8; depth += 1) {
      const member = this.#members.get(id);
      if (member !== undefined) return member;
      id = this.#children.get(id);
    }
    return undefined;
  }

  /** Ends the process because it does not obey any more; members hear of it. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running?.process.stop({ from: "term", withinMs: 1_000 });
  }

  /** Ends it for good; resolves when nothing of it lives. May be called again to hurry. */
  async stop(graceMs?: number): Promise<void> {
    this.#stopping.abort();
    this.#isEnding = true;
    this.#idle?.cancel();
    this.#hear.stopping();
    await this.#starting?.catch(() => undefined);
    const stops = [...this.#processes].map((each) => each.stop({ from: "term", withinMs: graceMs }));
    await Promise.all(stops);
    this.#hear.stopped();
  }

  async #start(sessionId: SessionId): Promise<Running> {
    const options = { timeoutMs: this.#deps.limits.startMs, signal: this.#stopping.signal };
    const started = await startServer(this.#deps, this.#definition, sessionId, options);
    this.#processes.add(started.process);
    void started.process.ended.then(() => this.#processes.delete(started.process));
    const running: Running = { ...started, feeds: new Map(), probe: undefined };
    if (!this.isUsable) {
      await started.process.stop({ from: "kill" });
      throw this.#lost("open");
    }
    this.#running = running;
    this.#isEnding = false;
    this.#health = WELL;
    void started.process.exited.then((exit) => this.#gone(running, exit, sessionId));
    this.#planProbe(running, sessionId);
    for (const { directory } of this.#members.values()) this.#feedOf(running, directory);
    return running;
  }

  #gone(running: Running, exit: { exitCode?: number; signal?: string }, sessionId: SessionId): void {
    running.probe?.cancel();
    for (const feed of running.feeds.values()) feed.close();
    if (this.#running === running) this.#running = undefined;
    const { id } = this.#definition;
    const how =
      exit.signal === undefined ? `exited with code ${exit.exitCode}` : `was ended by ${exit.signal}`;
    const stderrTail = running.process.stderrTail();
    const error = agentError({ agent: id, phase: "prompt", message: `${id} ${how}.`, stderrTail, ...exit });
    const end: ServerEnd = { isExpected: this.#isEnding, error };
    this.#logger.info({ agent: id, ...exit, isExpected: end.isExpected }, "an opencode server ended");
    // Handles leave the pool before anybody hears what became of their prompts.
    const staying = [...this.#members.values()].filter((member) => member.processGone(end) && this.isUsable);
    if (staying.length > 0) void this.#restart(staying, end, sessionId);
  }

  async #restart(staying: Member[], end: ServerEnd, sessionId: SessionId): Promise<void> {
    const now = this.#deps.clock.monotonic();
    this.#restarts = [...this.#restarts.filter((at) => now - at < RESTART_WINDOW_MS), now];
    try {
      if (this.#restarts.length > MAX_RESTARTS) throw new Error("it ends again and again");
      await this.running(sessionId);
    } catch (error) {
      this.#logger.warn(
        { agent: this.#definition.id, error: errorText(error) },
        "opencode was not started again",
      );
      for (const member of staying) member.serverLost(end);
    }
  }

  #feedOf(running: Running, directory: string): EventFeed {
    const known = running.feeds.get(directory);
    if (known !== undefined) return known;
    const { clock, limits } = this.#deps;
    const client = sdkClient(running.address, directory);
    const feed = new EventFeed({
      clock,
      logger: this.#logger,
      limits: limits.health,
      subscribe: async (signal) => {
        const options = { signal, sseMaxRetryAttempts: 1 };
        return (await client.event.subscribe({}, options)).stream;
      },
      take: (event) => this.#take(event),
      opened: () => {
        for (const member of this.#members.values())
          if (member.directory === directory) member.streamOpened();
      },
    });
    running.feeds.set(directory, feed);
    return feed;
  }

  #take(event: WireEvent): Promise<void> | undefined {
    const info = object(event.properties["info"]);
    const [id, parent] = [text(info["id"]), text(info["parentID"])];
    if (event.type.startsWith("session.") && id !== undefined && parent !== undefined) this.adopt(id, parent);
    return event.sessionId === undefined ? undefined : this.memberOf(event.sessionId)?.take(event);
  }

  #planProbe(running: Running, sessionId: SessionId): void {
    const { clock, limits } = this.#deps;
    running.probe = clock.after(limits.health.intervalMs, () => void this.#probe(running, sessionId));
  }

  async #probe(running: Running, sessionId: SessionId): Promise<void> {
    const { clock, limits } = this.#deps;
    const isWell = await askHealth(clock, running.address, limits.health.timeoutMs).then(
      () => true,
      () => false,
    );
    if (this.#running !== running) return;
    const now = clock.monotonic();
    this.#health = afterProbe(this.#health, isWell, now, limits.health);
    const isBusy = [...this.#members.values()].some((member) => member.isBusy);
    const facts = { isGone: !running.process.isRunning, isBusy, now };
    if (healthVerdict(this.#health, facts, limits.health) === "wait")
      return this.#planProbe(running, sessionId);
    this.#logger.warn({ agent: this.#definition.id }, "an opencode server does not answer and is replaced");
    await this.end();
  }

  #lost(phase: "open"): AgentFailure {
    const { id } = this.#definition;
    return new AgentFailure("crashed", agentError({ agent: id, phase, message: `${id} is being stopped.` }));
  }
}
