import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { classes } from "./class-names.ts";

type Tone = "primary" | "plain" | "quiet" | "danger";

const TONES: Record<Tone, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover disabled:bg-sunken disabled:text-ink-faint",
  plain: "border border-line-strong bg-surface text-ink hover:bg-hover disabled:text-ink-faint",
  quiet: "text-ink-soft hover:bg-hover hover:text-ink disabled:text-ink-faint disabled:hover:bg-transparent",
  danger: "border border-danger/50 bg-surface text-danger hover:bg-danger-wash disabled:text-ink-faint",
};

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  tone?: Tone;
  size?: "small" | "normal";
  ref?: Ref<HTMLButtonElement>;
};

/** A button with words. 32 px high, 28 px when small; on a coarse pointer never below 44 px (DESIGN.md). */
export function Button({ tone = "plain", size = "normal", className, type, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type ?? "button"}
      className={classes(
        "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none pointer-coarse:min-h-11",
        size === "small" ? "h-7 px-2.5 text-sm" : "h-8 px-3 text-sm",
        TONES[tone],
        className,
      )}
    />
  );
}

type IconButtonProps = Omit<ButtonProps, "children" | "size"> & { label: string; children: ReactNode };

/** A button with an icon only; `label` is its name for everybody, and its tooltip. */
export function IconButton({ label, tone = "quiet", className, children, title, ...rest }: IconButtonProps) {
  return (
    <button
      {...rest}
      type={rest.type ?? "button"}
      aria-label={label}
      title={title ?? label}
      className={classes(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-md transition-colors pointer-coarse:size-11",
        TONES[tone],
        className,
      )}
    >
      {children}
    </button>
  );
}
