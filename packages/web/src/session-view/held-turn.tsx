import { isSessionId, type Turn, type WaitingFor } from "@holdfast/protocol";
import { Hourglass } from "lucide-react";
import type { ReactNode } from "react";
import { useLibrary, useNow } from "../data/index.ts";
import { Exact, Notice, span } from "../design/index.ts";
import { ResumeQueue } from "../inbox/index.ts";
import { Link } from "../route/index.ts";

/** A queued turn that may not begin yet: what it waits for, who has it, and what can be done about it. */
export function HeldTurn({ turn }: { turn: Turn }) {
  const now = useNow(1_000);
  const { waitingFor } = turn;
  // Of its limit the session tells.
  if (waitingFor === undefined || waitingFor.kind === "limit") return null;
  const { kind, holder, until } = waitingFor;
  return (
    <Notice
      tone="attention"
      role="status"
      icon={<Hourglass size={16} className="text-attention" />}
      action={kind === "circuit" ? <ResumeQueue sessionId={turn.sessionId}>Try now</ResumeQueue> : undefined}
    >
      {REASONS[kind](turn, holder)}
      {until !== undefined && (
        <span className="tabular-nums">
          {until > now ? ` The next try is in ${span(until - now)}.` : " It is tried now."}
        </span>
      )}
    </Notice>
  );
}

/** Every other kind there is: a new one does not compile without its words. */
const REASONS: Record<
  Exclude<WaitingFor["kind"], "limit">,
  (turn: Turn, holder: string | undefined) => ReactNode
> = {
  circuit: (turn, holder) => `${holder ?? turn.agent} ended again and again, so it is given a rest.`,
  pool: () => (
    <>
      There is no place for one more agent, and all that live are busy. This turn begins when one of them has
      ended its own.{" "}
      <Link to={{ at: "agents" }} className="underline underline-offset-2">
        What runs now
      </Link>
    </>
  ),
  workspace: (_, holder) => (
    <>
      <Holder id={holder} /> works in this directory. This turn begins when that one has ended.
    </>
  ),
  storage: () => "The server cannot write to its storage at the moment. It goes on by itself when it can.",
  turn: ({ waitingFor }) => (
    <>
      The agent did not take the message into its turn, so it is next:{" "}
      <Exact text={waitingFor?.detail ?? ""} as="words" />
    </>
  ),
  host: (_, holder) => `Waits for the machine ${holder ?? "that it runs on"}.`,
};

/** The session that has what is waited for, by its title. */
function Holder({ id }: { id: string | undefined }) {
  const { sessions, archived } = useLibrary();
  if (id === undefined) return "Something else";
  if (!isSessionId(id)) return `Operation ${id}`;
  const session = sessions.get(id) ?? archived?.get(id);
  return (
    <Link to={{ at: "session", sessionId: id }} className="underline underline-offset-2">
      <Exact text={session?.title ?? "Another session"} as="words" />
    </Link>
  );
}
