/**
 * The hooks that there are, each with what it is told and what it may change (session-model 14.6). A hook changes `output` in place, or leaves
 * it; what it returns is not looked at.
 */
import type { JsonObject, Message, Model } from "@holdfast/protocol";
import type { ModelMessage } from "ai";
import type { PermissionAsk } from "../wire.ts";

/** Of whom a hook is told. A subagent's calls name the session that it works for. */
type Told = { sessionId: string; agent: string };

export type HookTable = {
  /** Before each request of a step. `providerOptions` are by the provider's name, as the AI SDK has them. */
  "chat.params": {
    input: Told & { model: Model };
    output: {
      temperature?: number;
      topP?: number;
      topK?: number;
      maxOutputTokens?: number;
      providerOptions: Record<string, JsonObject>;
    };
  };
  "chat.headers": { input: Told & { model: Model }; output: { headers: Record<string, string> } };
  /** What the model is told of a tool: `parameters` is its JSON Schema. */
  "tool.definition": {
    input: Told & { tool: string };
    output: { description: string; parameters: JsonObject };
  };
  /** Before the call is stored as running: what it changes is what is stored, asked for and run. */
  "tool.execute.before": {
    input: Told & { tool: string; callId: string };
    output: { args: JsonObject };
  };
  /** Before the result is stored: the text is cut to its limit after it. Not for a call that failed. */
  "tool.execute.after": {
    input: Told & { tool: string; callId: string; args: JsonObject };
    output: { title: string; output: string; metadata: JsonObject };
  };
  /** Variables of a program that a tool starts, beside those that it would have. */
  "shell.env": {
    input: Told & { directory: string; callId: string };
    output: { env: Record<string, string> };
  };
  /** Before somebody is asked. `allow` does not ask, and `deny` is a no without words; a mode that forbids stands above both. */
  "permission.ask": {
    input: Told & PermissionAsk;
    output: { status: "ask" | "allow" | "deny" };
  };
  /** The whole of what the model is shown, as stored rows and as what is sent: only the latter may be changed. */
  "experimental.chat.messages.transform": {
    input: Told & { rows: readonly Message[] };
    output: { messages: ModelMessage[] };
  };
  "experimental.chat.system.transform": { input: Told & { model: Model }; output: { system: string[] } };
  /** Before a summary is asked for: texts to keep in mind, or another prompt for it. */
  "experimental.session.compacting": {
    input: Told;
    output: { context: string[]; prompt?: string };
  };
  /** After a summary: whether the model is told to go on. */
  "experimental.compaction.autocontinue": {
    input: Told & { overflow: boolean };
    output: { enabled: boolean };
  };
  /** A text of the model's has ended: what stands here replaces it in the row, and so in what the model sees of it later. */
  "experimental.text.complete": {
    input: Told & { messageId: string; streamId: string };
    output: { text: string };
  };
};

export type HookName = keyof HookTable;

/** What a module's default export is, or resolves to when it is called with the place. */
export type HookModule = {
  [Name in HookName]?: (
    input: HookTable[Name]["input"],
    output: HookTable[Name]["output"],
  ) => void | Promise<void>;
};

/** Their names, total by its type: a module that has another one is refused, because it would never be called. */
export const HOOK_NAMES = {
  "chat.params": true,
  "chat.headers": true,
  "tool.definition": true,
  "tool.execute.before": true,
  "tool.execute.after": true,
  "shell.env": true,
  "permission.ask": true,
  "experimental.chat.messages.transform": true,
  "experimental.chat.system.transform": true,
  "experimental.session.compacting": true,
  "experimental.compaction.autocontinue": true,
  "experimental.text.complete": true,
} as const satisfies Record<HookName, true>;
