import type { Source } from "./judge.ts";

/** What Holdfast makes, whatever the backend: the beginning of places, and the code. */
const OWN = `
Actor turn/actor store/sqlite/rows/actor
AgentSession turn/record/state-patch store/sqlite/rows/agent-session
AuthMethod agents/acp/auth-methods
Event store/sqlite/log
Event<session.compacted>.tailStartId
FileSource session/mentions session/file-part
Input session/admit
InputPart session/admit
MessageInfo session/admit turn/record/answers
MessageInfo<user>.summary store/model/turn-summary
Model session/admit
OutputFormat session/admit
Part<agent> session/mentions
Part<file> session/file-part
Part<patch> turn/record/file-watch
Part<retry>.error agents/model-error agents/acp/retry-update agents/opencode/retry-status
Part<snapshot> store/sqlite/mark-snapshots
Part<step-finish> store/sqlite/commands/answer
Part<step-start> store/sqlite/commands/progress
Part<subtask> session/subtask-parts
Part<text>.ignored store/sqlite/rows/input
Part<text>.synthetic turn/end/continue-turn turn/record/text-streams
Part<tool>.diffs[].oldText agents/acp/tool-update agents/opencode/tool-update
Part<tool>.locations[].line turn/record/tool-part agents/acp/tool-update agents/opencode/tool-update
Part<tool>.metadata turn/record/tool-part
Part<tool>.state<completed>.attachments[].filename agents/acp/tool-update agents/opencode/tool-update
Part<tool>.state<completed>.time.compacted agents/opencode/tool-update turn/record/past
Part<tool>.state<completed>.truncated turn/record/tool-part
Part<tool>.state<error>.metadata turn/record/tool-part
Part<tool>.state<error>.output turn/record/tool-part agents/acp/tool-update agents/opencode/tool-update
Part<tool>.state<error>.title turn/record/tool-part agents/acp/tool-update agents/opencode/tool-update
Part<tool>.state<error>.truncated turn/record/tool-part
Part<tool>.state<pending>.title turn/record/tool-part agents/acp/tool-update agents/opencode/tool-update
Part<tool>.state<running>.metadata turn/record/tool-part agents/tool-facts
Part<tool>.state<running>.output turn/record/tool-part agents/acp/tool-update agents/opencode/tool-update
Part<tool>.state<running>.title turn/record/tool-part agents/acp/tool-update agents/opencode/tool-update
Part<tool>.state<running>.truncated turn/record/tool-part
Permission permission/permissions
Question permission/questions
QuestionAnswer permission/questions
Session session/create
Session.attention store/model/session-status
Session.retry turn/record/retries
Session.status store/model/session-status
Session.suspended store/sqlite/commands/finalize
SessionError turn/end/terminal-record
SessionError<AgentReportedError> turn/end/terminal-record agents/acp/prompt-result agents/opencode/prompt-error
SessionError<MessageOutputLengthError> turn/end/terminal-record agents/opencode/prompt-error
SessionError<ProviderAuthError>.data.methods agents/acp/auth-methods
SessionError<StructuredOutputError> turn/run/json-answer
SessionError<UnknownError> turn/open/open-agent agents/acp/prompt-result
SessionError<WorkspaceMissingError> worktree/require-directory
ShownMcpServer store/model/mcp-servers
Turn session/admit turn/start/lane
Turn.reason turn/end/terminal-record
Usage.scope agents/acp/prompt-usage agents/opencode/turn-usage
`;

/** What backends tell: first the code that makes rows of it, then who hears it. */
const TOLD = `
AgentSession.commands turn/record/state-patch agents/acp/session-state agents/opencode/session-facts
AgentSession.models turn/record/state-patch agents/acp/session-state agents/opencode/session-facts agents/native/backend
AgentSession.modes turn/record/state-patch agents/acp/session-state agents/opencode/session-facts
AgentSession.subagents turn/record/state-patch agents/opencode/session-facts
AgentSession.version turn/open/open-agent agents/acp/handle agents/opencode/handle agents/native/handle
Event<session.compacted> turn/record/compactions agents/acp/compaction-update agents/opencode/turn-view agents/native/said
Event<todo.updated> store/sqlite/commands/progress agents/acp/content-update agents/opencode/todos agents/native/said
MessageInfo<assistant>.cost turn/record/recorder agents/acp/prompt-usage agents/opencode/turn-usage agents/native/said
MessageInfo<assistant>.error turn/end/terminal-record agents/acp/request-error agents/opencode/prompt-error agents/native/handle
MessageInfo<assistant>.finish turn/end/terminal-record agents/acp/prompt-result agents/opencode/turn-view agents/native/said
MessageInfo<assistant>.metadata turn/record/correction
MessageInfo<assistant>.model turn/record/asked-model agents/acp/handle agents/opencode/turn-view agents/native/said
MessageInfo<assistant>.structured turn/run/json-answer
MessageInfo<assistant>.summary turn/record/recorder agents/acp/compaction-update agents/opencode/turn-view agents/native/said
MessageInfo<assistant>.tokens turn/record/recorder agents/acp/prompt-usage agents/opencode/turn-usage agents/native/said
Part<compaction> turn/record/compactions agents/acp/compaction-update agents/opencode/turn-view agents/native/said
Part<reasoning> turn/record/text-streams agents/acp/content-update agents/opencode/turn-view agents/native/said
Part<reasoning>.metadata turn/record/text-streams agents/opencode/turn-view agents/native/said
Part<retry> turn/record/retries agents/acp/retry-update agents/opencode/retry-status agents/native/said
Part<step-finish>.cost turn/record/recorder agents/acp/prompt-usage agents/opencode/turn-usage agents/native/said
Part<step-finish>.tokens turn/record/recorder agents/acp/prompt-usage agents/opencode/turn-usage agents/native/said
Part<text> turn/record/text-streams agents/acp/content-update agents/opencode/turn-view agents/native/said
Part<text>.attempt turn/record/text-streams agents/acp/retry-update agents/opencode/retry-status agents/native/said
Part<text>.metadata turn/record/text-streams agents/opencode/turn-view agents/native/said
Part<tool> turn/record/tool-part agents/acp/tool-update agents/opencode/tool-update agents/native/said
Permission.args agents/opencode/permission-ask agents/acp/handle agents/native/handle
Permission.call agents/opencode/permission-ask agents/acp/handle agents/native/handle
Permission.kind agents/opencode/permission-ask agents/acp/handle agents/native/handle
Permission.patterns agents/opencode/permission-ask agents/acp/handle agents/native/handle
Permission.title agents/opencode/permission-ask agents/acp/handle agents/native/handle
Permission.tool agents/opencode/permission-ask agents/acp/handle agents/native/handle
Question.call agents/acp/elicitation agents/asked-questions agents/opencode/question-ask agents/native/handle
Question.fields agents/acp/elicitation agents/asked-questions agents/native/handle
Question.message agents/acp/elicitation agents/asked-questions agents/opencode/question-ask agents/native/handle
Question.url agents/acp/elicitation agents/asked-questions agents/opencode/question-ask
QuestionField agents/acp/elicitation agents/asked-questions agents/native/handle
SessionError<APIError> agents/model-error agents/opencode/prompt-error agents/native/handle
SessionError<ContentFilterError> agents/opencode/prompt-error agents/native/handle
SessionError<ContextOverflowError> agents/opencode/prompt-error agents/native/handle
SessionError<MessageAbortedError> turn/end/terminal-record agents/opencode/prompt-error agents/native/handle
SessionError<ProviderAuthError> agents/model-error agents/opencode/prompt-error agents/native/handle
Todo agents/acp/content-update agents/opencode/todos agents/native/said
Tokens agents/acp/prompt-usage agents/opencode/turn-usage agents/native/said
Usage turn/record/recorder agents/acp/prompt-usage agents/opencode/turn-usage agents/native/said
`;

const read = (table: string, told: boolean): [string, Source][] =>
  table
    .trim()
    .split("\n")
    .map((line) => {
      const [place = "", ...files] = line.split(" ");
      return [place, { code: files.map((file) => `packages/server/src/${file}.ts`), told }];
    });

/** Which code makes a place; the longest beginning counts. The first file names the last word of a field. */
export const SOURCES: Readonly<Record<string, Source>> = Object.fromEntries([
  ...read(OWN, false),
  ...read(TOLD, true),
]);
