import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Readable, Writable } from "node:stream";
import { client, methods, ndJsonStream, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import type {
  ClientConnection,
  PromptResponse,
  RequestPermissionRequest,
  RequestPermissionResponse,
  SessionUpdate,
} from "@agentclientprotocol/sdk";
import { Arrivals, DEADLINE_MS, kill, startAgent, within } from "./agent-process.ts";

type PermissionAnswer = (
  request: RequestPermissionRequest,
) => RequestPermissionResponse | Promise<RequestPermissionResponse>;

/** The SDK's client side on a real agent process; records updates and permission requests in their order on the wire. */
export class SdkClient {
  readonly child: ChildProcessWithoutNullStreams;
  readonly connection: ClientConnection;
  readonly updates = new Arrivals<SessionUpdate>();
  readonly permissions = new Arrivals<RequestPermissionRequest>();
  answer: PermissionAnswer = () => select("allow_once");

  constructor(home: string, faultyArgs?: readonly string[]) {
    this.child = startAgent(home, faultyArgs);
    this.child.stderr.resume();
    this.connection = client({ name: "test" })
      .onNotification(methods.client.session.update, ({ params }) => this.updates.push(params.update))
      .onRequest(methods.client.session.requestPermission, ({ params }) => {
        this.permissions.push(params);
        return this.answer(params);
      })
      .connect(
        ndJsonStream(
          Writable.toWeb(this.child.stdin) as WritableStream<Uint8Array>,
          Readable.toWeb(this.child.stdout) as ReadableStream<Uint8Array>,
        ),
      );
  }

  initialize() {
    return within(
      "initialize",
      this.connection.agent.request(methods.agent.initialize, { protocolVersion: PROTOCOL_VERSION }),
    );
  }

  /** Initializes and opens a new session; answers its id. */
  async newSession(cwd: string): Promise<string> {
    await this.initialize();
    const request = this.connection.agent.request(methods.agent.session.new, { cwd, mcpServers: [] });
    const { sessionId } = await within("session/new", request);
    return sessionId;
  }

  load(sessionId: string, cwd: string) {
    return within(
      "session/load",
      this.connection.agent.request(methods.agent.session.load, { sessionId, cwd, mcpServers: [] }),
    );
  }

  resume(sessionId: string, cwd: string) {
    return within(
      "session/resume",
      this.connection.agent.request(methods.agent.session.resume, { sessionId, cwd, mcpServers: [] }),
    );
  }

  setMode(sessionId: string, modeId: string) {
    return within(
      "set_mode",
      this.connection.agent.request(methods.agent.session.setMode, { sessionId, modeId }),
    );
  }

  prompt(sessionId: string, ...texts: readonly string[]): Promise<PromptResponse> {
    const prompt = texts.map((text) => ({ type: "text" as const, text }));
    return within(
      "the prompt's answer",
      this.connection.agent.request(methods.agent.session.prompt, { sessionId, prompt }),
      DEADLINE_MS,
    );
  }

  /** Runs a prompt to its end and answers what came for it. */
  async turn(
    sessionId: string,
    ...texts: readonly string[]
  ): Promise<{ stopReason: string; text: string; updates: SessionUpdate[] }> {
    const from = this.updates.all.length;
    const { stopReason } = await this.prompt(sessionId, ...texts);
    const updates = this.updates.all.slice(from);
    return { stopReason, text: textOf(updates), updates };
  }

  cancel(sessionId: string): Promise<void> {
    return this.connection.agent.notify(methods.agent.session.cancel, { sessionId });
  }

  /** Ends the process. */
  close(): Promise<void> {
    return kill(this.child);
  }
}

/** The answer that picks an option. */
export function select(optionId: string): RequestPermissionResponse {
  return { outcome: { outcome: "selected", optionId } };
}

/** The assistant's text, joined. */
export function textOf(updates: readonly SessionUpdate[]): string {
  return updates
    .map((update) => (update.sessionUpdate === "agent_message_chunk" ? chunkText(update) : ""))
    .join("");
}

/** The text of one chunk; empty when it carries something else. */
export function chunkText(update: SessionUpdate): string {
  return "content" in update && update.content && "type" in update.content && update.content.type === "text"
    ? update.content.text
    : "";
}
