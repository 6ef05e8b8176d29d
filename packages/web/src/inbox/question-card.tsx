import { HoldfastApiError, isApiError } from "@holdfast/client";
import { checkAnswer, type Issue, type Question, type QuestionAnswer } from "@holdfast/protocol";
import { MessageCircleQuestion } from "lucide-react";
import { type ReactNode, useId, useRef, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Chip, Exact, ExactText } from "../design/index.ts";
import { Deadline, useInert } from "./asking.tsx";
import { contentOf, type Draft, firstDraft } from "./question-draft.ts";
import { Field } from "./question-fields.tsx";

const problemOf = (issues: readonly Issue[], name: string): string | undefined =>
  issues.find(({ path }) => path === name)?.message;

/** An agent wants to know something: a form, or a page to visit, which is shown and never opened by itself. The first answer wins. */
export function QuestionCard({ question, place }: { question: Question; place?: ReactNode }) {
  const { id, message, fields, url, deadline } = question;
  const { isSent, issues, problem, setIssues, send } = useReply(id);
  const isInert = useInert();
  const [drafts, setDrafts] = useState<ReadonlyMap<string, Draft>>(new Map());
  const form = useRef<HTMLFormElement>(null);
  const title = useId();
  const submit = (event: { preventDefault(): void }) => {
    event.preventDefault();
    const content = contentOf(fields, drafts);
    const found = checkAnswer(fields, content);
    setIssues(found);
    const [first] = found;
    if (first === undefined) return send({ action: "accept", ...(url === undefined && { content }) });
    const controls = form.current?.querySelectorAll<HTMLElement>("[data-field]") ?? [];
    [...controls].find((control) => control.dataset["field"] === first.path)?.focus();
  };
  const isOff = isInert || isSent;
  return (
    <form
      ref={form}
      noValidate
      aria-labelledby={title}
      onSubmit={submit}
      className="flex flex-col gap-3 rounded-lg border border-attention/60 bg-attention-wash p-3 text-sm"
    >
      <div className="flex flex-wrap items-center gap-2">
        <MessageCircleQuestion size={16} className="text-attention" />
        <h3 id={title} className="min-w-0 flex-1 basis-40 font-semibold break-words">
          <ExactText text={message} as="words" />
        </h3>
        <Chip tone="attention">question</Chip>
        <Deadline at={deadline} />
      </div>
      {place}
      {url !== undefined && <Page url={url} />}
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          draft={drafts.get(field.name) ?? firstDraft(field)}
          problem={problemOf(issues, field.name)}
          onChange={(draft) => setDrafts((before) => new Map(before).set(field.name, draft))}
        />
      ))}
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" size="small" tone="primary" disabled={isOff}>
          {url !== undefined ? "I have visited it" : fields.length === 0 ? "Yes" : "Answer"}
        </Button>
        <Button
          size="small"
          disabled={isOff}
          title="The agent is told no"
          onClick={() => send({ action: "decline" })}
        >
          Decline
        </Button>
        <Button
          size="small"
          tone="quiet"
          disabled={isOff}
          title="The agent is told that nobody decides"
          onClick={() => send({ action: "cancel" })}
        >
          Cancel
        </Button>
      </div>
      {problem !== undefined && (
        <p role="alert" className="text-danger">
          {problem}
        </p>
      )}
    </form>
  );
}

/** The whole address, and a link that a person may press. */
function Page({ url }: { url: string }) {
  return (
    <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <Exact text={url} as="line" className="min-w-0 font-mono text-xs [overflow-wrap:anywhere]" />
      <a
        href={url}
        target="_blank"
        rel="noopener noreferrer"
        className="text-accent underline underline-offset-2 pointer-coarse:min-h-11 pointer-coarse:content-center"
      >
        Open in a new tab
      </a>
    </p>
  );
}

function useReply(id: string) {
  const client = useClient();
  const [isSent, setSent] = useState(false);
  const [issues, setIssues] = useState<readonly Issue[]>([]);
  const [problem, setProblem] = useState<string | undefined>();
  const send = (answer: QuestionAnswer) => {
    setSent(true);
    setProblem(undefined);
    client.replyQuestion(id, answer).catch((error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
      if (error instanceof HoldfastApiError) setIssues(error.problem?.issues ?? []);
      // By whom, or by nobody in time, is the server's to say.
      if (!isApiError(error, "ALREADY_REPLIED")) setSent(false);
    });
  };
  return { isSent, issues, problem, setIssues, send };
}
