import { type ReactNode, useId } from "react";
import type { Lasting } from "./words.ts";

const CONTROL =
  "h-8 min-w-0 rounded-md border border-line-strong bg-surface px-2 text-sm pointer-coarse:h-11 pointer-coarse:text-base";

/** A name beside its control; what there is to say of it below. */
export function Field({ label, hint, children }: { label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <label className="flex flex-col gap-1 text-sm">
      <span className="font-medium">{label}</span>
      {children}
      {hint !== undefined && <span className="text-xs text-ink-soft">{hint}</span>}
    </label>
  );
}

type TextFieldProps = {
  label: string;
  value: string;
  placeholder?: string;
  hint?: ReactNode;
  maxLength?: number;
  onChange: (value: string) => void;
};

export function TextField({ label, value, placeholder, hint, maxLength = 256, onChange }: TextFieldProps) {
  return (
    <Field label={label} hint={hint}>
      <input
        value={value}
        dir="auto"
        maxLength={maxLength}
        placeholder={placeholder}
        onChange={(event) => onChange(event.target.value)}
        className={CONTROL}
      />
    </Field>
  );
}

type LastingFieldProps = {
  label: string;
  choices: readonly Lasting[];
  value: number | undefined;
  onChange: (ms: number | undefined) => void;
};

export function LastingField({ label, choices, value, onChange }: LastingFieldProps) {
  return (
    <Field label={label}>
      <select
        value={String(value)}
        onChange={(event) => onChange(choices.find(({ ms }) => String(ms) === event.target.value)?.ms)}
        className={CONTROL}
      >
        {choices.map(({ label: name, ms }) => (
          <option key={name} value={String(ms)}>
            {name}
          </option>
        ))}
      </select>
    </Field>
  );
}

type TickProps = {
  label: string;
  meaning?: string;
  isChecked: boolean;
  isFixed?: boolean;
  isDangerous?: boolean;
  onChange: (isChecked: boolean) => void;
};

/** A thing to allow or not, with what it means. */
export function Tick({
  label,
  meaning,
  isChecked,
  isFixed = false,
  isDangerous = false,
  onChange,
}: TickProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5 text-sm pointer-coarse:min-h-11 pointer-coarse:py-1.5">
      <input
        id={id}
        type="checkbox"
        checked={isChecked}
        disabled={isFixed}
        aria-describedby={meaning === undefined ? undefined : `${id}-meaning`}
        onChange={(event) => onChange(event.target.checked)}
        className={`mt-0.5 size-4 shrink-0 ${isDangerous ? "accent-danger" : "accent-accent"}`}
      />
      <span className="min-w-0">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {meaning !== undefined && (
          <span
            id={`${id}-meaning`}
            className={`block text-xs ${isDangerous ? "text-danger" : "text-ink-soft"}`}
          >
            {meaning}
          </span>
        )}
      </span>
    </div>
  );
}
