import { isApiError } from "@holdfast/client";
import type { Permission, ReplyPermission } from "@holdfast/protocol";
import { ShieldQuestion } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { useClient } from "../data/index.ts";
import { Arguments, Button, Chip, Exact, ExactText } from "../design/index.ts";
import { Deadline, useInert } from "./asking.tsx";

/** What a title shows at once, in characters; what it stands for is below it. */
const TITLE_CHARACTERS = 120;

/** What may go with a no, in characters. */
const WORDS_CHARACTERS = 10_000;

/** The kind of request that asks whether the same call is to be made once more (session-model 11.2). */
const DOOM_LOOP = "doom_loop";

/** A request of an agent, for the owner. */
export function PermissionCard(props: { permission: Permission; place?: ReactNode }) {
  const client = useClient();
  const onReply = (reply: ReplyPermission) => client.replyPermission(props.permission.id, reply);
  return <PermissionRequest {...props} onReply={onReply} isOwner />;
}

type PermissionRequestProps = {
  permission: Permission;
  place?: ReactNode;
  /** Rejects with the reason. */
  onReply: (reply: ReplyPermission) => Promise<unknown>;
  /** A ref neither answers for all that are like it nor says a word with its no (S-14). */
  isOwner: boolean;
};

/** An agent asks before it acts: always with everything that it would do. The first answer wins; a later one is told who was first. */
export function PermissionRequest({ permission, place, onReply, isOwner }: PermissionRequestProps) {
  const isInert = useInert();
  const [isAnswered, setAnswered] = useState(false);
  const [words, setWords] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const title = useId();
  const reply = (answer: ReplyPermission) => {
    setAnswered(true);
    setProblem(undefined);
    onReply(answer).catch((error: unknown) => {
      // By whom, or by nobody in time, is the server's to say.
      if (isApiError(error, "ALREADY_REPLIED")) return setProblem(error.message);
      setAnswered(false);
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  const isOff = isInert || isAnswered;
  const reject = () => {
    const message = words.trim();
    reply({ reply: "reject", ...(message === "" ? {} : { message }) });
  };
  const { args } = permission;
  const isDoom = permission.kind === DOOM_LOOP;
  return (
    <section
      aria-labelledby={title}
      className="group/card flex flex-col gap-2 rounded-lg border border-attention/60 bg-attention-wash p-3 text-sm"
    >
      <div className="flex flex-wrap items-center gap-2">
        <ShieldQuestion size={16} className="text-attention" />
        <h3 id={title} className="min-w-0 flex-1 basis-40 font-semibold break-words">
          <ExactText
            text={permission.title}
            as={permission.kind === "execute" ? "block" : "words"}
            characters={TITLE_CHARACTERS}
          />
        </h3>
        <Chip tone="attention">{isDoom ? "repeats itself" : <Exact text={permission.kind} />}</Chip>
        <Deadline at={permission.deadline} />
      </div>
      {place}
      {Object.keys(args).length > 0 && (
        <div role="group" aria-label="What it would do" className="rounded-md bg-surface p-2">
          <Arguments args={args} />
        </div>
      )}
      {isDoom && (
        <p>
          It has made this very call again and again, with the same arguments, and may be stuck. Rejected, its
          turn ends{isOwner ? "; with a word of what to do instead, it goes on with that." : "."}
        </p>
      )}
      <p className="hidden text-xs text-attention group-has-[[data-mark]]/card:block">
        What is marked is there and would not be seen.
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <Button size="small" tone="primary" disabled={isOff} onClick={() => reply({ reply: "once" })}>
          Allow once
        </Button>
        {isOwner && (
          <Button size="small" disabled={isOff} onClick={() => reply({ reply: "always" })}>
            Always allow
          </Button>
        )}
        <form
          className="flex min-w-0 flex-1 basis-64 items-center gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            if (!isOff) reject();
          }}
        >
          <Button type="submit" size="small" tone="danger" disabled={isOff}>
            Reject
          </Button>
          {isOwner && (
            <input
              aria-label="What to do instead"
              placeholder="What to do instead"
              dir="auto"
              autoComplete="off"
              maxLength={WORDS_CHARACTERS}
              value={words}
              disabled={isAnswered}
              onChange={(event) => setWords(event.target.value)}
              className="h-7 min-w-0 flex-1 rounded-md border border-line bg-surface px-2 text-ink placeholder:text-ink-faint focus-visible:border-accent pointer-coarse:h-11 pointer-coarse:text-base"
            />
          )}
        </form>
      </div>
      {isOwner && <Standing permission={permission} />}
      {problem !== undefined && (
        <p role="alert" className="text-danger">
          {problem}
        </p>
      )}
    </section>
  );
}

/** What “Always allow” would cover, as far as it does not stand above already; without a command or a path that is the whole tool. */
function Standing({ permission: { args, patterns, tool, kind } }: { permission: Permission }) {
  if (kind === DOOM_LOOP)
    return (
      <p className="text-xs text-ink-soft">
        Always allow lets it repeat calls of <ExactText text={tool} as="line" className="font-mono" /> without
        asking.
      </p>
    );
  const given = Object.values(args);
  const others = patterns.filter((pattern) => !given.includes(pattern));
  if (patterns.length === 0)
    return (
      <p className="text-xs text-ink-soft">
        Always allow covers every call of <ExactText text={tool} as="line" className="font-mono" />, whatever
        it is given.
      </p>
    );
  if (others.length === 0) return null;
  return (
    <div className="text-xs text-ink-soft">
      Always allow covers
      <ul className="font-mono">
        {others.map((pattern) => (
          <li key={pattern}>
            <ExactText text={pattern} as="line" />
          </li>
        ))}
      </ul>
    </div>
  );
}
