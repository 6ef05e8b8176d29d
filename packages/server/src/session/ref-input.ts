/**
 * What may be asked of a session through a ref (S-14, S-28): text, which is text, and content that comes with it, for the session's own agent and model, behind
 * what waits already. Pure.
 */
import { HoldfastError } from "@holdfast/kernel";
import type { AdmitInput, Agent, ApprovalMode, InputPart } from "@holdfast/protocol";

/** Fields that say how a turn runs, which is the owner's to say. */
const OWNERS = ["agent", "model", "format", "system", "tools", "permissionTimeoutMs", "mentions"] as const;

/** What agents and this server take for more than words: their commands, commands of a shell, and our own blocks. */
const COMMAND = /^\s*[/!]/;
const OWN_BLOCK = /<\/?\s*holdfast-/i;

/** The input as it is admitted. Throws UNPROCESSABLE, naming the field. */
export function refInput(request: AdmitInput): AdmitInput {
  for (const field of OWNERS)
    if (request[field] !== undefined && request[field] !== false)
      throw refusal(
        field,
        `${field}: a ref gives the session's agent words, and does not choose how it works.`,
      );
  if (request.delivery === "steer")
    throw refusal("delivery", "delivery: what comes through a ref waits in the queue; it does not steer.");
  return { parts: request.parts.map(refPart), delivery: "queue" };
}

function refPart(part: InputPart): InputPart {
  if (part.type === "text") {
    if (COMMAND.test(part.text))
      throw refusal("parts", "parts: text through a ref cannot begin with / or !, which are commands.");
    if (OWN_BLOCK.test(part.text))
      throw refusal("parts", "parts: text through a ref cannot hold blocks that are this server's own.");
    return { type: "text", text: part.text };
  }
  if (part.type === "file" && /^data:/i.test(part.url)) {
    const { type, mime, url, filename } = part;
    return { type, mime, url, ...(filename === undefined ? {} : { filename }) };
  }
  throw refusal(
    "parts",
    "parts: through a ref come text, and files as data: URLs, which hold their content.",
  );
}

/** Rejects an agent that would not ask (S-28). Throws UNPROCESSABLE. */
export function requireAsking({ id, approvalModes }: Agent, sessionMode: ApprovalMode): void {
  const mode = sessionMode === "readOnly" ? "readOnly" : "ask";
  if (!approvalModes.includes(mode))
    throw new HoldfastError(
      "UNPROCESSABLE",
      `The agent ${id} is not known to ask before it acts, and turns of a ref run in no other way.`,
    );
}

const refusal = (field: string, message: string): HoldfastError =>
  new HoldfastError("UNPROCESSABLE", message, { issues: [{ path: `body.${field}`, message }] });
