/** Asks before a tool acts: hooks first, then the server, where modes, a hook's yes and stored rules answer at once, or a person does. */
import type { JsonObject } from "@holdfast/protocol";
import { NotAllowedError, type Permit } from "../tools/index.ts";
import type { PermissionAnswer } from "../wire.ts";
import type { PromptRoom, Who } from "./room.ts";

type Asker = Pick<PromptRoom, "host" | "hooks" | "denial"> & { who: Who };
type Asking = { callId: string; tool: string; input: JsonObject; signal: AbortSignal };

/**
 * Resolves when it is allowed, else rejects with a `NotAllowedError`. A no of a person without words ends the prompt: every other question of the program
 * is withdrawn.
 */
export async function permit(
  { host, hooks, denial, who }: Asker,
  { callId, tool, input, signal }: Asking,
  { title, kind, patterns, args }: Permit,
): Promise<void> {
  const request = { callId, tool, title, kind, args: args ?? input, patterns };
  const { status } = await hooks.run("permission.ask", { ...who, ...request }, { status: "ask" });
  const withdrawn = AbortSignal.any([signal, denial.signal]);
  const answer: PermissionAnswer =
    status === "deny"
      ? { action: "reject" }
      : await orWithdrawn(
          host.ask(status === "allow" ? { ...request, isAllowed: true } : request, withdrawn),
          withdrawn,
          { action: "cancelled" },
        );
  if (answer.action === "once") return;
  const words = answer.action === "reject" ? answer.message?.trim() : undefined;
  if (answer.action === "reject" && (words ?? "") === "") denial.abort();
  throw words === undefined || words === ""
    ? new NotAllowedError(answer.action)
    : new NotAllowedError("reject", words);
}

/** What is withdrawn is not waited for, whatever the server says of it. */
export async function orWithdrawn<T>(answer: Promise<T>, withdrawn: AbortSignal, instead: T): Promise<T> {
  answer.catch(() => undefined);
  if (withdrawn.aborted) return instead;
  let done: () => void = () => undefined;
  const left = new Promise<T>((resolve) => {
    done = () => resolve(instead);
    withdrawn.addEventListener("abort", done, { once: true });
  });
  try {
    return await Promise.race([answer, left]);
  } finally {
    withdrawn.removeEventListener("abort", done);
  }
}
