import type { ReactNode } from "react";
import { classes } from "./class-names.ts";
import type { Tone } from "./marks.tsx";

const WASHES: Record<Tone, string> = {
  neutral: "border-line bg-sunken text-ink-soft",
  accent: "border-accent/40 bg-selected text-ink",
  busy: "border-busy/40 bg-busy-wash text-ink",
  attention: "border-attention/50 bg-attention-wash text-ink",
  danger: "border-danger/50 bg-danger-wash text-ink",
  good: "border-good/40 bg-good-wash text-ink",
};

/** Something to know, in the flow of the page; `action` stands at its end. */
export function Notice({
  tone = "neutral",
  icon,
  children,
  action,
  role,
}: {
  tone?: Tone;
  icon?: ReactNode;
  children: ReactNode;
  action?: ReactNode;
  role?: "status" | "alert";
}) {
  return (
    <div
      role={role}
      className={classes(
        "flex flex-wrap items-center gap-x-3 gap-y-2 rounded-md border px-3 py-2 text-sm",
        WASHES[tone],
      )}
    >
      {icon}
      <div className="min-w-0 flex-1 basis-48 break-words">{children}</div>
      {action}
    </div>
  );
}

/** A place with nothing in it yet: what it is for, and the one thing to do. */
export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-6 py-16 text-center">
      {icon !== undefined && <div className="text-ink-faint">{icon}</div>}
      <h2 className="text-lg font-semibold">{title}</h2>
      {children !== undefined && <div className="text-sm text-ink-soft">{children}</div>}
      {action}
    </div>
  );
}

/** Grey bars where text will be; they take the room of what they stand for, so that nothing jumps. */
export function Skeleton({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-2.5">
      {Array.from({ length: lines }, (_, line) => (
        <div
          key={line}
          className="pulse-soft h-3.5 rounded-sm bg-sunken"
          style={{ width: `${[92, 78, 85, 60][line % 4]}%` }}
        />
      ))}
    </div>
  );
}
