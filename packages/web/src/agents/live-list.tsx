import type { LiveAgent, LiveAgentList } from "@holdfast/protocol";
import type { ReactNode } from "react";
import { Exact, StatusDot, span, type Tone } from "../design/index.ts";
import { Link } from "../route/index.ts";

const STATES: Record<LiveAgent["state"], { word: string; tone: Tone; moving?: boolean }> = {
  opening: { word: "starting", tone: "busy", moving: true },
  busy: { word: "works", tone: "busy", moving: true },
  waiting: { word: "waits for you", tone: "attention" },
  idle: { word: "idle", tone: "neutral" },
  closing: { word: "is being closed", tone: "neutral" },
};

type LiveListProps = {
  live: LiveAgentList;
  /** What a session is called; undefined when it is not known here. */
  titleOf: (sessionId: string) => string | undefined;
  nameOf: (agent: string) => string;
  /** What can be done about one, at its end. */
  actionOf?: ((one: LiveAgent) => ReactNode) | undefined;
};

/** The agents that live now: how many of how many may, and each with its session, what it does and what it takes. Rows stay where they are. */
export function LiveList({ live, titleOf, nameOf, actionOf }: LiveListProps) {
  const { items, limit } = live;
  return (
    <div className="flex flex-col gap-3">
      <Places used={countOf(items)} limit={limit} waiting={items.length - countOf(items)} />
      {items.length === 0 ? (
        <p className="text-sm text-ink-soft">
          No agent lives now. One is started by the first turn that needs it, and closed when it was idle for
          long.
        </p>
      ) : (
        <ul aria-label="Live agents" className="divide-y divide-line rounded-lg border border-line">
          {items.map((one) => {
            const { word, tone, moving = false } = STATES[one.state];
            return (
              <li key={`${one.sessionId} ${one.agent}`} className="flex items-center gap-3 px-3 py-2 text-sm">
                <StatusDot tone={tone} label={word} moving={moving} />
                <span className="min-w-0 flex-1">
                  <Link
                    to={{ at: "session", sessionId: one.sessionId }}
                    className="block truncate font-medium underline-offset-2 hover:underline pointer-coarse:py-2"
                  >
                    <Exact text={titleOf(one.sessionId) ?? "A session that is not listed"} as="words" />
                  </Link>
                  <span className="block text-xs text-ink-soft tabular-nums">
                    {[nameOf(one.agent), stateOf(one), memoryOf(one)].filter(Boolean).join(" · ")}
                  </span>
                </span>
                {actionOf?.(one)}
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}

/** Those that wait for a person take no place (A-8). */
const countOf = (items: readonly LiveAgent[]): number =>
  items.filter(({ state }) => state !== "waiting").length;

function Places({ used, limit, waiting }: { used: number; limit: number; waiting: number }) {
  const isFull = used >= limit;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex flex-wrap items-baseline gap-x-2 text-sm">
        <span className="font-medium tabular-nums">
          {used} of {limit} places used
        </span>
        {waiting > 0 && (
          <span className="text-xs text-ink-soft">
            {waiting} more {waiting === 1 ? "waits for you and takes" : "wait for you and take"} none
          </span>
        )}
      </div>
      <div
        role="meter"
        aria-label="Places for live agents"
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={Math.min(used, limit)}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={`h-full rounded-full ${isFull ? "bg-attention" : "bg-accent"}`}
          style={{ width: `${Math.min(100, (used / Math.max(1, limit)) * 100)}%` }}
        />
      </div>
      {isFull && (
        <p className="text-xs text-ink-soft">
          The next turn of another session closes an idle one first. When all of them work, it waits.
        </p>
      )}
    </div>
  );
}

function stateOf({ state, idleMs }: LiveAgent): string {
  const { word } = STATES[state];
  if (state !== "idle" || idleMs === undefined) return word;
  // Whole seconds: tenths would flicker.
  return `idle for ${idleMs < 10_000 ? `${Math.floor(idleMs / 1_000)} s` : span(idleMs)}`;
}

const MIB = 1024 * 1024;

function memoryOf({ memoryBytes }: LiveAgent): string | undefined {
  if (memoryBytes === undefined) return undefined;
  const mib = memoryBytes / MIB;
  return mib < 1_024 ? `${Math.round(mib)} MB of memory` : `${(mib / 1_024).toFixed(1)} GB of memory`;
}
