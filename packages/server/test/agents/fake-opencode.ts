import { FakeClock, newId, silentLogger } from "@holdfast/kernel";
import { FEATURES, type Features } from "@holdfast/protocol";
import type { NoteEvent, StateEvent } from "../../src/agents/index.ts";
import { ApiError, type OpencodeApi, type PromptBody } from "../../src/agents/opencode/api.ts";
import { OpencodeHandle, type HandleServer } from "../../src/agents/opencode/handle.ts";
import type { Json } from "../../src/agents/opencode/json.ts";
import type { Member } from "../../src/agents/opencode/server.ts";
import { wireEvent } from "../../src/agents/opencode/wire-event.ts";

export type FakeEvent = { type: string; properties: Json };

/**
 * An opencode server without a process: what it answers is what its events said so far, deltas left out, because the real one stores none.
 * `apply` changes what a look shows, `tell` brings the event to the handle; the real order is apply, then tell.
 */
export class FakeOpencode implements HandleServer {
  readonly clock = new FakeClock();
  readonly sessionId: string;
  readonly idle: (StateEvent | NoteEvent)[] = [];
  readonly prompts: PromptBody[] = [];
  readonly commands: string[] = [];
  readonly replies: { requestId: string; reply: string; message?: string }[] = [];
  aborts = 0;
  ends = 0;
  isShared = true;
  isReleased = false;
  /** Called before a route answers; a throw makes it fail. */
  before: (route: string) => void = () => undefined;
  /** Called when an answer is made, before anybody has it. */
  after: (route: string) => void = () => undefined;
  readonly #messages = new Map<string, { info: Json; parts: Map<string, Json> }>();
  readonly #requests = new Map<string, Json>();
  readonly #questions = new Map<string, Json>();
  #rules: Json[] = [];
  #isBusy = false;
  #member: Member | undefined;
  readonly api: () => OpencodeApi;

  constructor(sessionId = "ses_fake") {
    this.sessionId = sessionId;
    const api = this.#api();
    this.api = () => api;
  }

  /** A handle on the session, not described, in no approval mode. */
  open(): OpencodeHandle {
    const features = Object.fromEntries(FEATURES.map((name) => [name, "yes" as const])) as Features;
    return new OpencodeHandle(
      {
        agent: "opencode",
        sessionId: newId("ses"),
        backendSessionId: this.sessionId,
        directory: "/home/user/project",
        openedBy: "create",
        version: "1.18.33",
        features,
        process: { fingerprint: "fake" },
        agentRules: [],
      },
      {
        server: this,
        release: () => (this.isReleased = true),
        clock: this.clock,
        logger: silentLogger,
        readBlob: async () => undefined,
        idle: { emit: (event) => this.idle.push(event) },
      },
    );
  }

  /** The event happened: looks see it from now on. */
  apply({ type, properties }: FakeEvent): void {
    const info = properties["info"] as Json | undefined;
    const part = properties["part"] as Json | undefined;
    if (type === "session.status") this.#isBusy = (properties["status"] as Json)["type"] !== "idle";
    if (type === "session.idle") this.#isBusy = false;
    if (type === "permission.asked") this.#requests.set(String(properties["id"]), properties);
    if (type === "permission.replied") this.#requests.delete(String(properties["requestID"]));
    if (type === "question.asked") this.#questions.set(String(properties["id"]), properties);
    if (type === "question.replied") this.#questions.delete(String(properties["requestID"]));
    if (type === "message.updated" && info !== undefined) {
      const known = this.#messages.get(String(info["id"]));
      this.#messages.set(String(info["id"]), { info, parts: known?.parts ?? new Map<string, Json>() });
    }
    if (type === "message.removed") this.#messages.delete(String(properties["messageID"]));
    if (type === "message.part.removed")
      this.#messages.get(String(properties["messageID"]))?.parts.delete(String(properties["partID"]));
    if (type === "message.part.updated" && part !== undefined) {
      this.#messages.get(String(part["messageID"]))?.parts.set(String(part["id"]), part);
    }
  }

  /** The stream brings the event. */
  async tell(event: FakeEvent): Promise<void> {
    const read = wireEvent(event);
    if (read !== undefined) await this.#member?.take(read);
  }

  async play(...events: FakeEvent[]): Promise<void> {
    for (const event of events) {
      this.apply(event);
      await this.tell(event);
    }
  }

  /** Lets everything that is ready run, then moves time. */
  async pass(ms = 0): Promise<void> {
    for (let turns = 0; turns < 8; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    if (ms > 0) this.clock.advance(ms);
    for (let turns = 0; turns < 8; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The stream broke and is there again. */
  reopened(): void {
    this.#member?.streamOpened();
  }

  /** The process is gone; answers whether the handle stays. */
  die(isExpected: boolean): boolean {
    this.#isBusy = false;
    const data = { agent: "opencode", phase: "prompt", message: "opencode was ended by SIGKILL." } as const;
    return this.#member?.processGone({ isExpected, error: { name: "AgentError", data } }) ?? false;
  }

  async running(): Promise<{ version: string }> {
    this.before("running");
    return { version: "1.18.33" };
  }

  async subscribed(): Promise<void> {
    this.before("subscribed");
  }

  attach(member: Member): void {
    this.#member = member;
  }

  detach(): void {
    this.#member = undefined;
  }

  adopt(): void {}

  memberOf(sessionId: string): Member | undefined {
    return sessionId === this.sessionId ? this.#member : undefined;
  }

  async end(): Promise<void> {
    this.ends += 1;
    this.die(true);
  }

  #api(): OpencodeApi {
    const session = () => ({ id: this.sessionId, permission: this.#rules });
    const route = async <T>(name: string, answer: () => T): Promise<T> => {
      this.before(name);
      const answered = answer();
      this.after(name);
      return answered;
    };
    return {
      agents: () => route("agents", () => []),
      commands: () => route("commands", () => []),
      providers: () => route("providers", () => ({})),
      createSession: () => route("createSession", session),
      getSession: (id) => route("getSession", () => (id === this.sessionId ? session() : undefined)),
      addRules: (_, rules) =>
        route("addRules", () => {
          this.#rules = [...this.#rules, ...rules];
          return session();
        }),
      prompt: (_, body) => route("prompt", () => void this.prompts.push(body)),
      command: (_, { name }, body) =>
        route("command", () => {
          this.prompts.push(body);
          this.commands.push(name);
        }),
      hasMessage: (_, id) => route("hasMessage", () => this.#messages.has(id)),
      abort: () => route("abort", () => void (this.aborts += 1)),
      isBusy: () => route("isBusy", () => this.#isBusy),
      messages: (_, limit) =>
        route("messages", () =>
          [...this.#messages.values()]
            .slice(-limit)
            .map(({ info, parts }) => ({ info, parts: [...parts.values()] })),
        ),
      permissions: () => route("permissions", () => [...this.#requests.values()]),
      replyPermission: (requestId, reply, message) =>
        route(
          "replyPermission",
          () =>
            void this.replies.push(
              message === undefined ? { requestId, reply } : { requestId, reply, message },
            ),
        ),
      questions: () => route("questions", () => [...this.#questions.values()]),
      replyQuestion: (requestId, answers) =>
        route("replyQuestion", () => void this.replies.push({ requestId, reply: JSON.stringify(answers) })),
      rejectQuestion: (requestId) =>
        route("rejectQuestion", () => void this.replies.push({ requestId, reply: "question rejected" })),
    };
  }
}

/** What a route that does not answer rejects with. */
export function noAnswer(): ApiError {
  return new ApiError("fake", undefined, "no answer");
}
