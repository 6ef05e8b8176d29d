import { limitsAt, type Session } from "@holdfast/protocol";
import { Hourglass } from "lucide-react";
import { useSessionChange } from "../agents/index.ts";
import { useLibrary, useNow } from "../data/index.ts";
import { Exact, Notice, span } from "../design/index.ts";
import { ResumeQueue } from "../inbox/index.ts";
import { Link } from "../route/index.ts";

type OfSession = Pick<Session, "id" | "agent" | "suspended" | "limitAttempts" | "queue">;

/** That the session's agent is at its usage limit, here or in another session: for how long, and what can be done. */
export function LimitNotice({ session, className }: { session: OfSession; className?: string }) {
  const now = useNow(1_000);
  const { sessions } = useLibrary();
  const met = limitsAt(session, now);
  const own = met.find(({ agent }) => agent === session.agent) ?? met[0];
  if (own !== undefined)
    return (
      <div className={className}>
        <OwnLimit session={session} agent={own.agent} leftMs={own.until - now} />
      </div>
    );
  const others = [...sessions.values()].flatMap((each) =>
    limitsAt(each, now).map((limit) => ({ ...limit, id: each.id, title: each.title })),
  );
  const other = others.find(({ id, agent }) => id !== session.id && agent === session.agent);
  if (other === undefined) return null;
  return (
    <div className={className}>
      <Notice role="status" icon={<Hourglass size={16} />}>
        {session.agent} is at its usage limit for{" "}
        <span className="tabular-nums">{span(other.until - now)}</span>, as{" "}
        <Link to={{ at: "session", sessionId: other.id }} className="underline underline-offset-2">
          <Exact text={other.title} as="words" />
        </Link>{" "}
        was told. What you send here may meet it too.
      </Notice>
    </div>
  );
}

function OwnLimit({ session, agent, leftMs }: { session: OfSession; agent: string; leftMs: number }) {
  const { change, problem } = useSessionChange(session.id);
  const { limitAttempts = 0 } = session;
  return (
    <Notice
      tone="attention"
      role="status"
      icon={<Hourglass size={16} className="self-start text-attention" />}
      action={
        <ResumeQueue sessionId={session.id}>
          {session.queue.length > 0 ? "Send now" : "Do not wait"}
        </ResumeQueue>
      }
    >
      {agent} is at its usage limit. It is over in <span className="tabular-nums">{span(leftMs)}</span>; what
      you send it waits until then.
      <label className="mt-1.5 flex items-center gap-2 pointer-coarse:min-h-11">
        <input
          type="checkbox"
          checked={limitAttempts > 0}
          onChange={(event) => change({ limitAttempts: event.target.checked ? 1 : 0 })}
        />
        From now on, go on by itself {limitAttempts > 1 ? `${limitAttempts} times in a row` : "once"} after a
        limit
      </label>
      {problem !== undefined && (
        <span role="alert" className="text-xs text-danger">
          {problem}
        </span>
      )}
    </Notice>
  );
}
