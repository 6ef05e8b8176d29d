import { type PermissionRule, type Session, visibleText } from "@holdfast/protocol";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useApp, useClient, useConnection, useLibrary } from "../data/index.ts";
import { ago, Button, Exact, ExactText, moment, Notice, Skeleton } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { nameOf } from "../session-list/index.ts";
import { groupRules, type RuleGroup } from "./group-rules.ts";

/** The standing answers that were given with `always`, each to be taken back. `isWanted`: somebody came for them. */
export function Rules({ isWanted }: { isWanted: boolean }) {
  const client = useClient();
  const { library } = useApp();
  const { state } = useConnection();
  const { sessions, archived } = useLibrary();
  const [rules, setRules] = useState<readonly PermissionRule[] | undefined>();
  const [problem, setProblem] = useState<string | undefined>();
  const read = useCallback(() => {
    client.listPermissionRules().then(
      ({ items }) => (setRules(items), setProblem(undefined)),
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  }, [client]);
  useEffect(read, [read, state]);
  useEffect(
    () =>
      library.listen(({ type, data }) => {
        const { permission } = data as { permission?: { reply?: string } };
        if (type === "permission.replied" && permission?.reply === "always") read();
      }),
    [library, read],
  );
  const place = useRef<HTMLDivElement>(null);
  const isRead = rules !== undefined;
  useEffect(() => {
    if (isWanted && isRead) place.current?.closest("section")?.scrollIntoView();
  }, [isWanted, isRead]);
  const revoke = async (id: string) => {
    setProblem(undefined);
    try {
      await client.revokePermissionRule(id);
      setRules((known) => known?.filter((rule) => rule.id !== id));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const known = [...sessions.values(), ...(archived?.values() ?? [])];
  return (
    <div ref={place} className="flex flex-col gap-3">
      {problem !== undefined && (
        <Notice
          tone="danger"
          role="alert"
          action={
            <Button size="small" onClick={read}>
              Try again
            </Button>
          }
        >
          {problem}
        </Notice>
      )}
      {rules === undefined ? (
        problem === undefined && <Skeleton lines={3} label="Reading the standing answers" />
      ) : (
        <RuleList rules={rules} sessions={known} onRevoke={revoke} isOffline={state === "offline"} />
      )}
    </div>
  );
}

type RuleListProps = {
  rules: readonly PermissionRule[];
  /** As far as they are known; they name the groups. */
  sessions: readonly Session[];
  isOffline?: boolean;
  onRevoke: (id: string) => Promise<void>;
};

/** Rules by project, and below it by session. */
export function RuleList({ rules, sessions, isOffline = false, onRevoke }: RuleListProps) {
  if (rules.length === 0)
    return (
      <p className="text-sm text-ink-soft">
        Nothing. Every request is asked; “Always allow” on a request makes the first entry here.
      </p>
    );
  return (
    <div className="flex flex-col gap-5">
      {isOffline && (
        <Notice tone="attention" role="status">
          No connection to the server: nothing can be revoked at the moment.
        </Notice>
      )}
      {groupRules(rules, sessions).map((group) => (
        <section key={group.key} aria-label={labelOf(group)} className="flex flex-col gap-1.5">
          <h3 className="flex min-w-0 flex-wrap items-baseline gap-x-2 text-sm font-medium">
            {titleOf(group)}
          </h3>
          <ul className="divide-y divide-line rounded-lg border border-line">
            {group.rules.map((rule) => (
              <RuleRow key={rule.id} rule={rule} isOff={isOffline} onRevoke={onRevoke} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

const labelOf = ({ session, directory }: RuleGroup): string =>
  session === undefined
    ? `Project ${visibleText(directory ?? "", "line")}`
    : `Session ${visibleText(session.title ?? "", "words")}`;

function titleOf({ session, directory }: RuleGroup): ReactNode {
  const place =
    directory === undefined ? (
      "a project without sessions"
    ) : (
      <span className="truncate font-normal text-ink-soft" title={visibleText(directory, "line")}>
        <Exact text={nameOf(directory)} />
      </span>
    );
  if (session === undefined) return <>In every session of {place}</>;
  return (
    <>
      In the session{" "}
      <Link
        to={{ at: "session", sessionId: session.id }}
        className="min-w-0 truncate text-accent underline underline-offset-2"
      >
        <Exact text={session.title ?? "that was deleted or archived"} as="words" />
      </Link>
    </>
  );
}

type RuleRowProps = { rule: PermissionRule; isOff: boolean; onRevoke: (id: string) => Promise<void> };

function RuleRow({ rule, isOff, onRevoke }: RuleRowProps) {
  const [isAsked, setAsked] = useState(false);
  const revoke = async () => {
    setAsked(true);
    await onRevoke(rule.id);
    setAsked(false);
  };
  return (
    <li className="flex items-center gap-3 px-3 py-2 text-sm">
      <span className="min-w-0 flex-1">
        <code className="font-mono text-xs">
          <ExactText text={rule.pattern} as="line" />
        </code>
        <span className="block text-xs text-ink-soft" title={moment(rule.time.created)}>
          {rule.agent} · <Exact text={rule.kind} /> · allowed by {rule.actor.label},{" "}
          {since(rule.time.created)}
        </span>
      </span>
      <Button
        size="small"
        tone="danger"
        aria-label={`Revoke ${visibleText(rule.pattern, "line")}`}
        disabled={isOff || isAsked}
        onClick={() => void revoke()}
      >
        Revoke
      </Button>
    </li>
  );
}

function since(time: number): string {
  const age = ago(time, Date.now());
  return age === "now" ? "just now" : /^\d+[mhd]$/.test(age) ? `${age} ago` : `on ${age}`;
}
