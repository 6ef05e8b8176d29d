/** What a tool is to the loop. A tool has no `execute` for the SDK: the loop runs it once its call is committed. */
import type { Clock } from "@holdfast/kernel";
import type { JsonObject, Todo } from "@holdfast/protocol";
import type { z } from "zod";
import type { AgentQuestion, Attachment, QuestionAnswer, ToolUpdate } from "../wire.ts";

/** What is done: it decides, with the session's approval mode, whether somebody is asked. */
export type ToolKind =
  | "read"
  | "edit"
  | "delete"
  | "move"
  | "search"
  | "execute"
  | "fetch"
  | "think"
  | "other";

/** What somebody is asked before a tool acts. `edit_outside`: any change outside of the workspace, which mode `edits` does not let pass. `patterns` are what a stored rule would match: commands, or paths relative to the workspace. */
export type Permit = {
  title: string;
  kind: ToolKind | "doom_loop" | "edit_outside";
  patterns: string[];
  args?: JsonObject;
};

export type ToolResult = {
  title: string;
  /** What the model gets, whole: the loop cuts it. */
  output: string;
  /** Which end of it is kept where it is cut; `head` unless said otherwise. */
  keep?: "head" | "tail";
  metadata?: JsonObject;
  attachments?: Attachment[];
};

export type ToolContext = {
  callId: string;
  /** The session's workspace, and the top of its project or worktree: absolute. */
  directory: string;
  root: string;
  /** Where outputs that were cut are kept whole: what stands there is read and searched without asking. */
  outputDirectory: string;
  clock: Clock;
  signal: AbortSignal;
  /** Of the programs that tools start: without keys. */
  environment: Readonly<Record<string, string>>;
  /** Calls of this session that are over, newest first: what `read` has seen, and whether a file was changed behind it. */
  past: () => { tool: string; input: JsonObject; metadata: JsonObject }[];
  /** Asked by the tool itself, before it acts. Resolves when it is allowed; rejects with a `NotAllowedError` else. */
  permit(request: Permit): Promise<void>;
  askQuestion(question: AgentQuestion): Promise<QuestionAnswer>;
  /** What is shown while it runs. */
  tell(update: Omit<ToolUpdate, "callId" | "status" | "input" | "raw">): void;
  /** It is about to change this file: an absolute path, said before the change. */
  changes(path: string): Promise<void>;
  /** Replaces the session's plan. */
  plan(todos: Todo[]): void;
  /** Runs a subagent to its end. Rejects with a `ToolError` where there is none of this name. */
  task(task: {
    agent: string;
    description: string;
    prompt: string;
  }): Promise<{ text: string; sessionId: string }>;
};

export type Tool<Input extends z.ZodType = z.ZodType> = {
  id: string;
  kind: ToolKind;
  /** What the model is told of it. */
  description: string;
  input: Input;
  /** JSON Schema that the model gets in place of `input`'s: of a tool that is not ours. */
  schema?: JsonObject;
  /** What a person reads while it runs. */
  title(input: z.output<Input>): string;
  /** Where it works, for following along: absolute paths, and lines from 1. */
  locations?(
    input: z.output<Input>,
    context: Pick<ToolContext, "directory">,
  ): { path: string; line?: number }[];
  run(input: z.output<Input>, context: ToolContext): Promise<ToolResult>;
};

/** The model gets the text as the call's error, and goes on. */
export class ToolError extends Error {
  /** What stands in the state's metadata beside it: what a failed call had found or made. */
  readonly metadata: JsonObject | undefined;
  constructor(message: string, metadata?: JsonObject) {
    super(message);
    this.name = "ToolError";
    this.metadata = metadata;
  }
}

/** It was not allowed. Without words of a person the turn ends (`denied`) where a person said no. */
export class NotAllowedError extends Error {
  readonly why: "reject" | "denied" | "expired" | "cancelled";
  /** What a person said to do instead. */
  readonly words: string | undefined;
  constructor(why: NotAllowedError["why"], words?: string) {
    super(words ?? `It was not allowed: ${why}.`);
    this.name = "NotAllowedError";
    this.why = why;
    this.words = words;
  }
}
