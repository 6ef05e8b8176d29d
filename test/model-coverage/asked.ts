import { blocksOf } from "./blocks.ts";
import type { Asked } from "./judge.ts";

/** What a session must not lose, line by line: where it is, which tests show what is no row, and what waits. */
const TABLE = `
User message: agent, model, system text, enabled tools, output format, summary. Assistant message: parent, agent, mode, provider, model, variant, path cwd and root, summary, structured, finish, typed error.
  MessageInfo<user> agent model system tools format summary
  MessageInfo<assistant> parentId agent mode model path.cwd path.root summary structured finish error
  Model providerId modelId variant

Output: text; JSON schema; count of structured retries; structured payload; its own error.
  OutputFormat <text> <json_schema>.schema <json_schema>.retryCount
  MessageInfo<assistant> structured
  SessionError <StructuredOutputError>.data.retries

Errors: aborted; provider auth; API with status, retryability, headers, body, metadata; context overflow; output length; unknown. Never only a string.
  SessionError <MessageAbortedError> <ProviderAuthError> <ContextOverflowError> <MessageOutputLengthError> <UnknownError>
  SessionError<APIError>.data statusCode isRetryable responseHeaders responseBody metadata

Identity: message, part, session ids on every part, stable for deltas, updates, removals, reconciliation.
  Part<text> id messageId sessionId
  Event <message.part.delta>.partId <message.part.removed>.partId <message.removed>.messageId

Timing of text, reasoning, tools; provider metadata of all three kept in rows.
  Part<text> time.end metadata
  Part<reasoning> time.end metadata
  Part<tool> state<completed>.time.end metadata

Snapshot parts; patch parts; snapshot references at step start and finish; tracking before the stream, patch after step finish or cleanup.
  Part<patch> files recovered
  Part <snapshot>.snapshot <step-start>.snapshot <step-finish>.snapshot

Steps: start and finish as parts of their own, each step; cost, tokens, reason, snapshot.
  Part<step-start>
  Part<step-finish> cost tokens reason snapshot

Compaction parts with auto, overflow, tail start; history filtering around finished summaries and tails.
  Part<compaction> auto overflow tailStartId
  test: packages/native/src/view/filter-compacted.test.ts

Files: mime, name, URL; sources file, symbol (LSP range, name, kind), resource (client, URI).
  Part<file> mime filename url
  FileSource <file>.path <symbol>.range <symbol>.name <symbol>.kind <resource>.clientName <resource>.uri

Agent parts; subtask parts with prompt, description, agent, model, command; their execution.
  Part<agent> name
  Part<subtask> prompt description agent model command
  Session parentId

Text flags: synthetic, ignored.
  Part<text> synthetic ignored

Tools: pending with parsed and raw input; times start, end, compacted; error times; interrupted with partial output; provider execution and call metadata; compaction and truncation of output.
  Part<tool>.state<pending> input raw
  Part<tool>.state<completed> time.start time.compacted truncated
  Part<tool>.state<error> time.end output metadata
  Part<tool> metadata
  waits: what a provider executes by itself

Media: tool attachments as file parts; per-provider handling in tool results; stripping; synthetic user message where a provider cannot.
  Part<tool>.state<completed>.attachments[] mime filename url
  test: packages/native/src/view/media.test.ts

Retries as parts of their own, with identity and update.
  Part<retry> id number error
  Event <message.part.updated>

Processor: status busy, retry, idle; retry policy; compaction on overflow; abort and interrupt; blocking on denied permission; doom loop; a hook on completed text; background summaries after steps; cleanup of open text, reasoning and tool calls.
  Session.status =busy =retry =idle
  Part<compaction> overflow
  Turn.reason =cancelled =interrupted
  Permission.reply =reject
  MessageInfo<user> summary
  Part<tool> state<error>.metadata
  test: packages/native/src/loop/retry-delay.test.ts
  test: packages/native/src/loop/doom-loop.test.ts
  test: packages/native/src/loop/stream-told.test.ts

Events: message updated, removed; part updated, delta, removed.
  Event <message.updated> <message.removed> <message.part.updated> <message.part.delta> <message.part.removed>

History: cursor encoding; pages; reverse stream; compaction-aware filter.
  MessageInfo<assistant> summary
  test: packages/server/test/http/history.test.ts
  test: packages/server/test/contract/history.ts
  test: packages/native/src/view/filter-compacted.test.ts
`;

export const ASKED: readonly Asked[] = blocksOf(TABLE).map(({ head, places, of }) => ({
  line: head,
  places,
  tests: of("test"),
  waits: of("waits").join("; "),
}));
