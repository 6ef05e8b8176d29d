import {
  type AssistantMessage,
  fileLabel,
  isCorrectionPart,
  isPreamblePart,
  isHandoffPart,
  isOwnWorkPart,
  isNotePart,
  isSubtasksPart,
  type Message,
  type Part,
  type SessionError,
  subtaskOf,
  type ToolState,
} from "@holdfast/protocol";
import { exactLine, oneLine, type Output } from "./output.ts";

/** What is said where nobody asked for an answer (A-27). */
export const OWN_WORK = "The agent went on by itself: a background task had ended.";

/**
 * Prints messages as a person reads them: what was asked behind `>`, answers as they are, calls as one line each. What the server itself told
 * the agent before a message is one line too; its words are in `--json`.
 */
export function writeTranscript(output: Output, messages: readonly Message[]): void {
  for (const { info, parts } of messages) {
    output.write("\n");
    // The agent was given them first; they are stored behind the user's words.
    for (const line of parts.flatMap(preambleLine)) output.line(output.out.dim(line));
    for (const part of parts) {
      const text = textOf(part);
      if (text === undefined) continue;
      const shown = info.role === "user" ? text.replaceAll(/^/gm, "> ") : text;
      output.write(shown.endsWith("\n") ? shown : `${shown}\n`);
    }
    const other = info.role === "assistant" ? otherModel(info) : undefined;
    if (other !== undefined) output.line(output.out.dim(other));
    if (info.role === "assistant" && info.error !== undefined)
      output.line(`[${[info.error.name, ...errorWords(info.error)].join(": ")}]`);
  }
}

/** Its message, where it has one. */
function errorWords({ data }: SessionError): string[] {
  return "message" in data && data.message !== "" ? [oneLine(data.message, 400)] : [];
}

/** That another model answered than the one that was asked for (A-7). */
function otherModel({ model, askedModel }: AssistantMessage): string | undefined {
  if (askedModel === undefined || model === undefined) return undefined;
  return `• Answered by ${exactLine(model.modelId, 120)}; ${exactLine(askedModel.modelId, 120)} was asked for.`;
}

function preambleLine(part: Part): string[] {
  if (isHandoffPart(part)) return ["• The agent was told what it had missed."];
  if (isCorrectionPart(part))
    return ["• The agent was told that its answer does not fit what was asked for."];
  if (isOwnWorkPart(part)) return [`• ${OWN_WORK}`];
  if (isSubtasksPart(part)) return ["• The agent was told what its subtasks came to."];
  return isNotePart(part) ? ["• The agent was told what was rejected."] : [];
}

function textOf(part: Part): string | undefined {
  if (isPreamblePart(part) || isOwnWorkPart(part)) return undefined;
  if (part.type === "text") return part.text === "" ? undefined : part.text;
  if (part.type === "file") return `[file ${fileName(part)}]`;
  if (part.type === "agent") return `[agent ${oneLine(part.name, 120)}]`;
  if (part.type === "subtask") return `[subtask for ${part.agent}: ${oneLine(part.description, 120)}]`;
  if (part.type !== "tool") return undefined;
  const child = subtaskOf(part);
  const where = child === undefined ? "" : `, in ${child.sessionId}`;
  return [
    `• ${oneLine(part.state.title ?? part.tool, 120)} (${part.state.status}${where})`,
    ...outcome(part.state),
  ].join("\n");
}

/** With the hash that `session save` takes, where the session has its content. */
function fileName(file: Parameters<typeof fileLabel>[0]): string {
  return `${oneLine(fileLabel(file), 120)}${file.url.startsWith("blob:") ? `, ${file.url}` : ""}`;
}

/** What came of a call, a line each: why it failed, or what it says and what came with it. */
function outcome(state: ToolState): string[] {
  if (state.status === "error") return [`  ${oneLine(state.error, 400)}`];
  if (state.status !== "completed") return [];
  const said = oneLine(state.output, 160);
  const files = (state.attachments ?? []).map((file) => `  [${oneLine(file.mime, 60)} ${fileName(file)}]`);
  return [...(said === "" ? [] : [`  ${said}`]), ...files];
}
