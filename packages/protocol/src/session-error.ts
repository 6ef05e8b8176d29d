import { z } from "zod";
import { countSchema, timeSchema } from "./common.ts";
import { worktreeIdSchema } from "./id.ts";

/** Typed errors of turns and messages, discriminated by `name` (session-model 3, D-8, A-25). */
const named = <N extends string, D extends z.ZodType>(name: N, data: D) =>
  z.object({ name: z.literal(name), data });

const message = z.string();

export const apiErrorSchema = named(
  "APIError",
  z.object({
    message,
    statusCode: z.int().min(100).max(999).optional(),
    isRetryable: z.boolean(),
    responseHeaders: z.record(z.string(), z.string()).optional(),
    responseBody: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    /** When the usage limit that the call ended at is over, where the provider told that. */
    resetAt: timeSchema.optional(),
  }),
);
export type APIError = z.infer<typeof apiErrorSchema>;

/** A way to log in to an agent: the agent does it when it is asked to (`POST .../authenticate`), or, with `command`, a person runs that in a terminal. */
const authMethodSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    command: z.array(z.string()).optional(),
  })
  .meta({ id: "AuthMethod" });
export type AuthMethod = z.infer<typeof authMethodSchema>;

export const sessionErrorSchema = z
  .discriminatedUnion("name", [
    named("MessageAbortedError", z.object({ message })),
    named(
      "ProviderAuthError",
      z.object({ providerId: z.string(), message, methods: z.array(authMethodSchema).optional() }),
    ),
    apiErrorSchema,
    named("ContextOverflowError", z.object({ message, responseBody: z.string().optional() })),
    named("MessageOutputLengthError", z.object({})),
    named("StructuredOutputError", z.object({ message, retries: countSchema })),
    named("ContentFilterError", z.object({ message })),
    named("UnknownError", z.object({ message })),
    named(
      "AgentError",
      z.object({
        agent: z.string(),
        phase: z.enum(["spawn", "initialize", "open", "prompt"]),
        message,
        exitCode: z.int().optional(),
        signal: z.string().optional(),
        stderrTail: z.string().optional(),
      }),
    ),
    named("AgentReportedError", z.object({ agent: z.string(), message })),
    // The directory of the session's workspace is not there (W-13). `ways`: what `POST /api/worktrees/:id/restore` can start from.
    named(
      "WorkspaceMissingError",
      z.object({
        message,
        directory: z.string(),
        worktreeId: worktreeIdSchema.optional(),
        ways: z.array(z.enum(["rescue", "base"])),
      }),
    ),
  ])
  .meta({ id: "SessionError" });

export type SessionError = z.infer<typeof sessionErrorSchema>;
export type SessionErrorName = SessionError["name"];
export type SessionErrorOf<N extends SessionErrorName> = Extract<SessionError, { name: N }>;

/** The error of a turn that was stopped, interrupted, superseded or shut down (D-8). */
export function abortedError(text: string): SessionErrorOf<"MessageAbortedError"> {
  return { name: "MessageAbortedError", data: { message: text } };
}
