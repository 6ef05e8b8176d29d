import type { Turn, WaitingFor } from "@holdfast/protocol";
import { Hourglass } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useClient, useLibrary, useNow } from "../data/index.ts";
import { Button, Exact, Notice, span } from "../design/index.ts";
import { Link } from "../route/index.ts";

/** A queued turn that may not begin yet: what it waits for, who has it, and what can be done about it. */
export function HeldTurn({ turn }: { turn: Turn }) {
  const now = useNow(1_000);
  const { waitingFor } = turn;
  if (waitingFor === undefined) return null;
  const { kind, until } = waitingFor;
  return (
    <Notice
      tone="attention"
      role="status"
      icon={<Hourglass size={16} className="text-attention" />}
      action={kind === "circuit" ? <TryNow sessionId={turn.sessionId} /> : undefined}
    >
      {reasonOf(turn, waitingFor)}
      {until !== undefined && (
        <span className="tabular-nums">
          {until > now ? ` The next try is in ${span(until - now)}.` : " It is tried now."}
        </span>
      )}
    </Notice>
  );
}

function reasonOf(turn: Turn, { kind, holder }: WaitingFor): ReactNode {
  switch (kind) {
    case "circuit":
      return `${holder ?? turn.agent} ended again and again, so it is given a rest.`;
    case "pool":
      return (
        <>
          There is no place for one more agent, and all that live are busy. This turn begins when one of them
          has ended its own.{" "}
          <Link to={{ at: "agents" }} className="underline underline-offset-2">
            What runs now
          </Link>
        </>
      );
    case "workspace":
      return (
        <>
          <Holder id={holder} /> works in this directory. This turn begins when that one has ended.
        </>
      );
    case "storage":
      return "The server cannot write to its storage at the moment. It goes on by itself when it can.";
    case "host":
      return `Waits for the machine ${holder ?? "that it runs on"}.`;
  }
}

/** The session that has what is waited for, by its title. */
function Holder({ id }: { id: string | undefined }) {
  const { sessions, archived } = useLibrary();
  if (id === undefined) return "Another session";
  const session = sessions.get(id) ?? archived?.get(id);
  return (
    <Link to={{ at: "session", sessionId: id }} className="underline underline-offset-2">
      <Exact text={session?.title ?? "Another session"} as="words" />
    </Link>
  );
}

/** A person says that it should be tried again: the circuit closes and the queue goes on. */
function TryNow({ sessionId }: { sessionId: string }) {
  const client = useClient();
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const tryNow = async () => {
    setAsked(true);
    setProblem(undefined);
    try {
      await client.resumeQueue(sessionId);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setAsked(false);
    }
  };
  return (
    <>
      {problem !== undefined && (
        <span role="alert" className="text-xs text-danger">
          {problem}
        </span>
      )}
      <Button size="small" disabled={isAsked} onClick={() => void tryNow()}>
        Try now
      </Button>
    </>
  );
}
