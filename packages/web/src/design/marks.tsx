import type { ReactNode } from "react";
import { classes } from "./class-names.ts";

export type Tone = "neutral" | "accent" | "busy" | "attention" | "danger" | "good";

const DOTS: Record<Tone, string> = {
  neutral: "bg-line-strong",
  accent: "bg-accent",
  busy: "bg-busy",
  attention: "bg-attention",
  danger: "bg-danger",
  good: "bg-good",
};

const CHIPS: Record<Tone, string> = {
  neutral: "bg-sunken text-ink-soft",
  accent: "bg-selected text-accent",
  busy: "bg-busy-wash text-busy",
  attention: "bg-attention-wash text-attention",
  danger: "bg-danger-wash text-danger",
  good: "bg-good-wash text-good",
};

/** A state as a dot. Colour is never the only sign: `label` is read out, and words stand beside it where there is room. */
export function StatusDot({ tone, label, moving = false }: { tone: Tone; label: string; moving?: boolean }) {
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className={classes("inline-block size-2 shrink-0 rounded-full", DOTS[tone], moving && "pulse-soft")}
    />
  );
}

/** A word or two about a thing. */
export function Chip({
  tone = "neutral",
  children,
  title,
}: {
  tone?: Tone;
  children: ReactNode;
  title?: string;
}) {
  return (
    <span
      title={title}
      className={classes(
        "inline-flex h-5 max-w-full items-center gap-1 truncate rounded-sm px-1.5 text-xs font-medium",
        CHIPS[tone],
      )}
    >
      {children}
    </span>
  );
}

/** A count that wants to be seen. */
export function Count({ value, tone = "neutral", label }: { value: number; tone?: Tone; label: string }) {
  return (
    <span
      aria-label={`${value} ${label}`}
      className={classes(
        "inline-flex h-4.5 min-w-4.5 items-center justify-center rounded-full px-1 text-xs font-semibold tabular-nums",
        CHIPS[tone],
      )}
    >
      {value > 99 ? "99+" : value}
    </span>
  );
}

/** A key of the keyboard. */
export function Key({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-line-strong bg-sunken px-1 font-sans text-xs text-ink-soft">
      {children}
    </kbd>
  );
}
