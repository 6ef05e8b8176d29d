import type { Usage } from "@holdfast/protocol";
import { money } from "../design/index.ts";

/** From here on the ring warns: the agent will soon have to forget. */
const WARN = 0.8;
const RADIUS = 7;
const ROUND = 2 * Math.PI * RADIUS;

/** How full the agent's context is, as far as it says so; tokens and cost in the tooltip. What was not reported is not shown. */
export function UsageMeter({ usage }: { usage: Usage }) {
  const { context, tokens, cost, partial } = usage;
  if (context === undefined && tokens === undefined && cost === undefined) return null;
  const share =
    context === undefined || context.size === 0 ? undefined : Math.min(1, context.used / context.size);
  const facts = [
    context === undefined ? undefined : `Context: ${count(context.used)} of ${count(context.size)} tokens`,
    tokens?.input === undefined ? undefined : `In: ${count(tokens.input)}`,
    tokens?.output === undefined ? undefined : `Out: ${count(tokens.output)}`,
    tokens?.reasoning === undefined ? undefined : `Reasoning: ${count(tokens.reasoning)}`,
    tokens?.cache === undefined ? undefined : `From cache: ${count(tokens.cache.read)}`,
    cost === undefined ? undefined : `Cost: ${money(cost)}`,
    partial === true ? "Not every turn reported its usage." : undefined,
  ].filter((fact) => fact !== undefined);
  return (
    <div
      role="img"
      aria-label={facts.join(", ")}
      title={facts.join("\n")}
      className="flex h-8 items-center gap-1.5 px-1 text-xs text-ink-soft tabular-nums"
    >
      {share !== undefined && (
        <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden className="-rotate-90">
          <circle cx="9" cy="9" r={RADIUS} fill="none" stroke="var(--line-strong)" strokeWidth="2.5" />
          <circle
            cx="9"
            cy="9"
            r={RADIUS}
            fill="none"
            stroke={share >= WARN ? "var(--attention)" : "var(--accent)"}
            strokeWidth="2.5"
            strokeDasharray={`${share * ROUND} ${ROUND}`}
          />
        </svg>
      )}
      {share === undefined ? short(tokens?.output) : `${Math.round(share * 100)}%`}
    </div>
  );
}

const count = (value: number): string => value.toLocaleString();

function short(value: number | undefined): string {
  if (value === undefined) return "";
  return value < 1_000 ? `${value}` : `${(value / 1_000).toFixed(1)}k`;
}
