/**
 * An ACP agent that does with files what its prompt says, a JSON list of steps: for tests of what we do for an agent. It says what came of each step,
 * one JSON line each.
 */
import { Readable, Writable } from "node:stream";
import { agent, methods, ndJsonStream, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";

/** One step. `late` goes out after the prompt was answered; nobody hears what came of it but stderr. */
export type FileStep =
  | { do: "read"; path: string; line?: number; limit?: number }
  | { do: "write"; path: string; content: string; late?: true; sessionId?: string }
  | { do: "call"; id: string; kind: string; status: string; path: string }
  | { do: "ask"; id: string; kind: string; path: string };

type Client = { request(method: string, params: unknown): Promise<unknown> };

async function take(client: Client, sessionId: string, step: FileStep): Promise<unknown> {
  switch (step.do) {
    case "read": {
      const { path, line, limit } = step;
      return await client.request("fs/read_text_file", { sessionId, path, line, limit });
    }
    case "write": {
      const { path, content } = step;
      const params = { sessionId: step.sessionId ?? sessionId, path, content };
      return await client.request("fs/write_text_file", params);
    }
    case "ask": {
      const toolCall = {
        toolCallId: step.id,
        kind: step.kind,
        title: "edit",
        locations: [{ path: step.path }],
      };
      const options = [
        { optionId: "yes", name: "Yes", kind: "allow_once" },
        { optionId: "no", name: "No", kind: "reject_once" },
      ];
      return await client.request("session/request_permission", { sessionId, toolCall, options });
    }
    case "call":
      return undefined;
  }
}

const said = (error: unknown) =>
  error instanceof RequestError ? { code: error.code, data: error.data } : { broken: String(error) };

agent({ name: "file-agent" })
  .onRequest(methods.agent.initialize, ({ params }) => {
    const fs = params.clientCapabilities?.fs;
    return { protocolVersion: PROTOCOL_VERSION, agentInfo: { name: JSON.stringify(fs), version: "1" } };
  })
  .onRequest(methods.agent.session.new, () => ({
    sessionId: "files",
    modes: {
      currentModeId: "ask",
      availableModes: ["ask", "edits", "all", "readOnly", "approve", "auto"].map((id) => ({ id, name: id })),
    },
  }))
  .onRequest(methods.agent.session.setMode, () => ({}))
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    const { sessionId, prompt } = params;
    const text = prompt[0]?.type === "text" ? prompt[0].text : "[]";
    const say = (update: Record<string, unknown>) =>
      client.notify(methods.client.session.update, { sessionId, update } as never);
    for (const step of JSON.parse(text) as FileStep[]) {
      if (step.do === "call") {
        const { id, kind, status, path } = step;
        await say({
          sessionUpdate: "tool_call",
          toolCallId: id,
          title: "edit",
          kind,
          status,
          locations: [{ path }],
        });
        continue;
      }
      const done = take(client as Client, sessionId, step).then((result) => ({ result }), said);
      if (step.do === "write" && step.late === true) continue;
      await say({
        sessionUpdate: "agent_message_chunk",
        content: { type: "text", text: `${JSON.stringify(await done)}\n` },
      });
    }
    return { stopReason: "end_turn" };
  })
  .connect(
    ndJsonStream(
      Writable.toWeb(process.stdout) as WritableStream<Uint8Array>,
      Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    ),
  );
