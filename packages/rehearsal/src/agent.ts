/**
 * The ACP side of the rehearsal agent: which methods it answers, and how its sessions are opened.
 *
 * Invariants: a session's memory is durable before the answer that tells of it; `session/load` replays before it answers,
 * `session/resume` never replays; commands are announced after the answer that makes the session known.
 */
import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { agent, methods, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";
import type {
  AgentApp,
  AgentConnection,
  AgentContext,
  AvailableCommand,
  ContentBlock,
  InitializeResponse,
  ListSessionsResponse,
  McpServer,
  McpServerStdio,
  SessionModeState,
  Stream,
} from "@agentclientprotocol/sdk";
import { PromptTickets } from "./prompt-tickets.ts";
import type { MemoryStore, Mode } from "./session-memory.ts";
import { Session } from "./session.ts";
import type { ClientAbilities } from "./turn.ts";

/** Sessions in one answer of `session/list`. */
export const LIST_PAGE_SIZE = 50;

const MODES = [
  { id: "ask", name: "Ask", description: "WRITE and BASH ask for permission" },
  { id: "auto", name: "Auto", description: "WRITE and BASH run without asking" },
] as const satisfies readonly { id: Mode; name: string; description: string }[];

/** No part of the protocol yet; agents share it by custom. */
const STEERING = "_session/steering";

function steerParams(params: unknown): { sessionId: string; prompt: ContentBlock[] } {
  const { sessionId, prompt } = params as { sessionId?: unknown; prompt?: unknown };
  if (typeof sessionId !== "string" || !Array.isArray(prompt))
    throw RequestError.invalidParams({ sessionId });
  return { sessionId, prompt: prompt as ContentBlock[] };
}

const COMMANDS: AvailableCommand[] = [
  { name: "help", description: "Says which directives the rehearsal agent obeys", input: null },
];

/** The agent of one connection. */
export class RehearsalAgent {
  readonly #store: MemoryStore;
  readonly #version: string;
  readonly #sessions = new Map<string, Session>();
  /** What the client does for us; it says so before any session is opened. */
  #client: ClientAbilities = { read: false, write: false, form: false, url: false };

  constructor(store: MemoryStore, version: string) {
    this.#store = store;
    this.#version = version;
  }

  /** Serves one client on that stream; the connection's signal aborts when the client is gone. */
  connect(stream: Stream): AgentConnection {
    const tickets = new PromptTickets();
    return this.#app(tickets).connect(tickets.watch(stream));
  }

  /** Cancels reach their prompts through the tickets; the handler of `session/cancel` is for what nobody asked for. */
  #app(tickets: PromptTickets): AgentApp {
    const { agent: method } = methods;
    return agent({ name: "rehearsal" })
      .onRequest(method.session.prompt, ({ params, client, signal, requestId }) => {
        const session = this.#open(params.sessionId);
        if (session.isBusy) {
          throw RequestError.invalidRequest({ sessionId: session.id }, "a prompt is running in this session");
        }
        const asked = { blocks: params.prompt, client: this.#client };
        return session.prompt(client, asked, tickets.cancelledOf(requestId), signal);
      })
      .onRequest(method.initialize, ({ params }) => {
        const { fs, elicitation } = params.clientCapabilities ?? {};
        this.#client = {
          read: fs?.readTextFile === true,
          write: fs?.writeTextFile === true,
          form: elicitation?.form != null,
          url: elicitation?.url != null,
        };
        return this.#initialize();
      })
      .onRequest(method.session.new, async ({ params, client }) => {
        const session = await this.#create(placeOf(params));
        announceCommands(client, session.id);
        return { sessionId: session.id, modes: modeState(session.mode) };
      })
      .onRequest(method.session.load, async ({ params, client }) => {
        const session = await this.#reopen(params.sessionId, placeOf(params), client);
        announceCommands(client, session.id);
        return { modes: modeState(session.mode) };
      })
      .onRequest(method.session.resume, async ({ params, client }) => {
        const session = await this.#reopen(params.sessionId, placeOf(params));
        announceCommands(client, session.id);
        return { modes: modeState(session.mode) };
      })
      .onRequest(method.session.list, ({ params }) =>
        this.#list(params.cwd ?? undefined, params.cursor ?? undefined),
      )
      .onRequest(method.session.setMode, async ({ params, client }) => {
        await this.#changeMode(this.#open(params.sessionId), params.modeId, client);
        return {};
      })
      .onNotification(method.session.cancel, ({ params }) =>
        this.#sessions.get(params.sessionId)?.cancelOwnWork(),
      )
      .onRequest(STEERING, steerParams, ({ params }) => this.#open(params.sessionId).steer(params.prompt))
      .onRequest(method.session.close, async ({ params }) => {
        const session = this.#open(params.sessionId);
        this.#sessions.delete(session.id);
        await session.close();
        return {};
      });
  }

  #initialize(): InitializeResponse {
    return {
      protocolVersion: PROTOCOL_VERSION,
      agentInfo: { name: "holdfast-rehearsal", title: "Rehearsal", version: this.#version },
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true, embeddedContext: true },
        sessionCapabilities: { list: {}, resume: {}, close: {} },
      },
      authMethods: [],
      _meta: { steering: { supported: true } },
    };
  }

  #open(sessionId: string): Session {
    const session = this.#sessions.get(sessionId);
    if (!session) throw RequestError.sessionNotFound(sessionId);
    return session;
  }

  async #create(place: Place): Promise<Session> {
    const { cwd } = place;
    await requireDirectory(cwd);
    const sessionId = `reh_${randomUUID()}`;
    await this.#store.create({ kind: "session", sessionId, cwd, createdAt: Date.now() });
    const session = new Session(this.#store, place, {
      sessionId,
      mode: "ask",
      title: null,
      remembered: null,
      used: 0,
    });
    this.#sessions.set(sessionId, session);
    return session;
  }

  /** Opens a remembered session; with a client, replays its history there first. */
  async #reopen(sessionId: string, place: Place, replayTo?: AgentContext): Promise<Session> {
    await requireDirectory(place.cwd);
    const busy = this.#sessions.get(sessionId)?.isBusy === true;
    if (busy) throw RequestError.invalidRequest({ sessionId }, "a prompt is running in this session");
    const memory = await this.#store.read(sessionId);
    if (!memory) throw RequestError.sessionNotFound(sessionId);
    if (replayTo) {
      for (const update of memory.updates)
        await replayTo.notify(methods.client.session.update, { sessionId, update });
    }
    const session = new Session(this.#store, place, memory);
    this.#sessions.set(sessionId, session);
    return session;
  }

  async #list(cwd: string | undefined, cursor: string | undefined): Promise<ListSessionsResponse> {
    const start = cursor === undefined ? 0 : offsetOf(cursor);
    const entries = (await this.#store.list()).filter((entry) => cwd === undefined || entry.cwd === cwd);
    const end = start + LIST_PAGE_SIZE;
    return {
      sessions: entries.slice(start, end).map((entry) => ({
        sessionId: entry.sessionId,
        cwd: entry.cwd,
        title: entry.title,
        updatedAt: new Date(entry.updatedAt).toISOString(),
      })),
      ...(end < entries.length ? { nextCursor: String(end) } : {}),
    };
  }

  async #changeMode(session: Session, modeId: string, client: AgentContext): Promise<void> {
    const mode = MODES.find(({ id }) => id === modeId);
    if (!mode) throw RequestError.invalidParams({ modeId, known: MODES.map(({ id }) => id) }, "unknown mode");
    await session.changeMode(mode.id);
    await client.notify(methods.client.session.update, {
      sessionId: session.id,
      update: { sessionUpdate: "current_mode_update", currentModeId: mode.id },
    });
  }
}

/** Where a session works, and the MCP servers that CALL finds there. */
type Place = {
  readonly cwd: string;
  readonly mcpServers: readonly McpServerStdio[];
  /** The client wants to know of background tasks. */
  readonly tellsTasks: boolean;
};

/** Only servers over stdio: `initialize` says so. */
function placeOf(params: {
  cwd: string;
  mcpServers?: McpServer[];
  _meta?: Record<string, unknown> | null;
}): Place {
  const { cwd, mcpServers = [], _meta: meta } = params;
  return {
    cwd,
    tellsTasks: JSON.stringify(meta ?? {}).includes("background_tasks_changed"),
    mcpServers: mcpServers.map((server) => {
      if (!("type" in server)) return server;
      throw RequestError.invalidParams(
        { name: server.name },
        `no MCP server over ${server.type} can be used`,
      );
    }),
  };
}

function modeState(currentModeId: Mode): SessionModeState {
  return { currentModeId, availableModes: [...MODES] };
}

/** Runs after the caller's answer was handed to the connection, which writes in order. */
function announceCommands(client: AgentContext, sessionId: string): void {
  setImmediate(() => {
    const update = { sessionUpdate: "available_commands_update", availableCommands: COMMANDS } as const;
    // Fails only when the connection is gone, and then nobody wants to know.
    client.notify(methods.client.session.update, { sessionId, update }).catch(() => {});
  });
}

async function requireDirectory(cwd: string): Promise<void> {
  if (!isAbsolute(cwd)) throw RequestError.invalidParams({ cwd }, "cwd must be an absolute path");
  const found = await stat(cwd).catch(() => undefined);
  if (!found?.isDirectory()) throw RequestError.invalidParams({ cwd }, "cwd must be an existing directory");
}

function offsetOf(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw RequestError.invalidParams({ cursor }, "unknown cursor");
  return Number(cursor);
}
