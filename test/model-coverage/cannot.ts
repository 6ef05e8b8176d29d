import { blocksOf } from "./blocks.ts";
import { type Cannot, type Maker, MAKERS } from "./judge.ts";

const FILES: Readonly<Record<string, string>> = {
  QUESTIONS: "packages/server/src/agents/asked-questions.ts",
  TRIED: "packages/server/src/agents/model-error.ts",
  SUMMARY: "packages/server/src/store/model/turn-summary.ts",
  NATIVE: "packages/server/src/agents/native/backend.ts",
  NATIVE_ERROR: "packages/native/src/model/model-error.ts",
  NATIVE_QUESTION: "packages/native/src/tools/question.ts",
  ACP: "node_modules/@agentclientprotocol/sdk/schema/v1/schema.json",
};

/**
 * What cannot be, on whom, and what shows it: `lacks: WORD in FILE ...`, a recorded stream of packages/server/test/golden or (with #TYPE) a schema;
 * `waits: yes` for what Holdfast declares and does not make yet. The first that covers a place counts.
 */
const TABLE = `
One host serves a store; that several do is not built.
  on: Holdfast
  Turn waitingFor.kind=host
  waits: yes

While no turn is ever deleted, there is always one to tell an agent of.
  on: Holdfast
  Turn opened=lost
  waits: yes

A try that is repeated says when the next one begins; a reset is what a turn ends at.
  on: Holdfast
  Part<retry> error.data.resetAt
  lacks: resetAt in TRIED

Who comes over A2A or over MCP; these surfaces are not built.
  on: Holdfast
  Actor.kind =a2a =mcp
  waits: yes

ACP has no word for a failed try that is repeated.
  on: ACP agents
  Part <retry> <text>.attempt <reasoning>.attempt
  lacks: retry in ACP

Over ACP nobody says from which message on an agent keeps everything.
  on: rehearsal
  Part<compaction> tailStartId
  Event<session.compacted> tailStartId
  lacks: tailStartId in ACP

Agents over ACP compact what they know without a word.
  on: ACP agents
  Part<compaction>
  Event<session.compacted>
  MessageInfo<assistant> summary
  lacks: compaction in acp/goose-text acp/qwen-text

Over ACP nobody tells what a provider said of its reasoning, such as its signature.
  on: ACP agents, rehearsal
  Part<reasoning> metadata
  lacks: signature in acp/goose-text acp/qwen-text
  lacks: signature in ACP

Agents over ACP tell the words of an error, and at most its status.
  on: ACP agents
  SessionError<APIError>.data responseHeaders responseBody metadata resetAt
  SessionError<ContextOverflowError>.data responseBody
  lacks: responseHeaders in acp/goose-error acp/qwen-error
  lacks: responseBody in acp/goose-error acp/qwen-error

An agent over ACP cannot say that the answer was withheld by a filter.
  on: ACP agents, rehearsal
  SessionError<ContentFilterError>
  lacks: filter in ACP#StopReason

A form over ACP has no choice that takes other words.
  on: rehearsal
  QuestionField <one>.custom <many>.custom
  lacks: custom in ACP#ElicitationSchema
  lacks: custom in ACP#ElicitationPropertySchema

Goose, Qwen Code and opencode keep their plans to themselves where they are driven over ACP.
  on: ACP agents
  Todo
  Event<todo.updated>
  lacks: "sessionUpdate":"plan" in acp/goose-tool acp/qwen-tool

A plan over ACP cannot give a step up.
  on: rehearsal
  Todo.status =cancelled
  lacks: cancelled in ACP#PlanEntryStatus

Agents over ACP do not name agents of their own.
  on: ACP agents, rehearsal
  AgentSession subagents
  lacks: subagent in ACP

Agents over ACP ask by a tool of their own, which knows choices only; so does opencode.
  on: ACP agents, opencode
  Question url
  QuestionField <text> <number> <boolean>
  QuestionField<one> default required
  QuestionField<many> default required minItems maxItems
  lacks: elicitation in acp/goose-text acp/qwen-text
  lacks: number in QUESTIONS

A client edited it into rows of before there were totals.
  on: Holdfast
  MessageInfo<user> summary.diffs
  lacks: diffs in SUMMARY

The native agent describes no models; its modes are agents, it has no commands, and nobody calls its subagents but itself.
  on: native
  AgentSession models.available[].description modes commands subagents
  lacks: description in NATIVE
  lacks: modes in NATIVE
  lacks: commands in NATIVE
  lacks: subagents in NATIVE

The native agent asks for choices and words.
  on: native
  Question url
  QuestionField <number> <boolean>
  QuestionField<text> minLength maxLength format pattern default
  QuestionField<one> default
  QuestionField<many> minItems maxItems default
  lacks: "number" in NATIVE_QUESTION
  lacks: "boolean" in NATIVE_QUESTION
  lacks: url in NATIVE_QUESTION
  lacks: minItems in NATIVE_QUESTION
  lacks: default: in NATIVE_QUESTION
  lacks: pattern in NATIVE_QUESTION

No provider of the native agent says when a limit ends but by the next try.
  on: native
  SessionError<APIError>.data resetAt
  lacks: resetAt in NATIVE_ERROR

opencode describes no models, has no hints for commands, and names the model in each answer, none for the session.
  on: opencode
  AgentSession models.available[].description models.current commands[].hint
  lacks: currentModel in opencode/text
  lacks: description in opencode/text
  lacks: hint in opencode/text
`;

export const CANNOT: readonly Cannot[] = blocksOf(TABLE).map(({ head, places, of }) => ({
  places,
  on: of("on").flatMap((names) => MAKERS.filter((maker: Maker) => names.split(", ").includes(maker))),
  why: head,
  waits: of("waits").length > 0,
  cites: of("lacks").flatMap((row) => {
    const [, lacks = "", files = ""] = /^(.*) in (.*)$/.exec(row) ?? [];
    return files.split(" ").map((name) => {
      const [file = "", type] = name.split("#");
      return { file: FILES[file] ?? `packages/server/test/golden/${file}.jsonl`, type, lacks };
    });
  }),
}));
