import type { Session, Worktree } from "@holdfast/protocol";
import { GitBranch } from "lucide-react";
import type { ReactNode } from "react";
import { ago, Chip, Exact, moment } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { daysLeft, sizeOf, STATE_WORDS } from "./words.ts";

function madeAgo(time: number, now: number): string {
  const age = ago(time, now);
  return age === "now" ? "just now" : /^\d+[mhd]$/.test(age) ? `${age} ago` : `on ${age}`;
}

type WorktreeRowProps = {
  worktree: Worktree;
  sessions: readonly Session[];
  now: number;
  actions?: ReactNode;
};

/** One worktree: where it is, how it stands, who works there, and what is kept of it. */
export function WorktreeRow({ worktree, sessions, now, actions }: WorktreeRowProps) {
  const { branch, path, state, size, rescue, note, baseCommit, time } = worktree;
  const { word, tone, meaning } = STATE_WORDS[state];
  const facts = [
    `from ${baseCommit.slice(0, 10)}`,
    `made ${madeAgo(time.created, now)}`,
    size === undefined ? undefined : sizeOf(size),
  ].filter((fact) => fact !== undefined);
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-2 px-3 py-2.5 text-sm">
      <div className="flex min-w-0 flex-1 basis-64 flex-col gap-1">
        <span className="flex min-w-0 items-center gap-2">
          <GitBranch size={14} className="shrink-0 text-ink-faint" />
          <Exact text={branch} className="min-w-0 font-medium break-all" />
          <span className="shrink-0">
            <Chip tone={tone} title={meaning}>
              {word}
            </Chip>
          </span>
        </span>
        <Exact text={path} className="font-mono text-xs break-all text-ink-faint" />
        <span className="text-xs text-ink-soft tabular-nums" title={moment(time.created)}>
          {facts.join(" · ")}
        </span>
        {note !== undefined && <span className="text-xs text-attention">{note}</span>}
        {rescue !== undefined && (
          <span className="text-xs text-ink-soft" title={rescue.ref}>
            Its work is in a rescue, {daysLeft(rescue.expires, now)}
          </span>
        )}
        {sessions.length > 0 && (
          <span className="flex flex-wrap gap-x-3 text-xs">
            {sessions.map(({ id, title }) => (
              <Link
                key={id}
                to={{ at: "session", sessionId: id }}
                className="inline-flex items-center text-accent underline underline-offset-2 pointer-coarse:min-h-11"
              >
                <Exact text={title} as="words" />
              </Link>
            ))}
          </span>
        )}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-1.5">{actions}</div>}
    </li>
  );
}
