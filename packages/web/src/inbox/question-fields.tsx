/** The fields of a question, each a native control with its name, its hint and what is wrong with it. */
import { fieldHint, type QuestionField, type QuestionOption } from "@holdfast/protocol";
import { type ReactNode, useId } from "react";
import { classes, ExactText } from "../design/index.ts";
import type { Draft } from "./question-draft.ts";

const FIELD =
  "w-full rounded-md border border-line-strong bg-surface px-2 text-sm focus:border-accent aria-invalid:border-danger pointer-coarse:min-h-11 pointer-coarse:text-[1rem]";

/** Texts that may be longer than this are written on several lines. */
const ONE_LINE = 200;

type Props = {
  field: QuestionField;
  draft: Draft;
  problem: string | undefined;
  onChange: (draft: Draft) => void;
};

/** One field. What is wrong stands below it and is read out with it; the first control of the field has `data-field`. */
export function Field({ field, draft, problem, onChange }: Props) {
  const id = useId();
  const isChoice = field.type === "boolean" || field.type === "one" || field.type === "many";
  const about = {
    "aria-describedby": `${id}-hint ${id}-problem`,
    "aria-invalid": problem !== undefined,
    "aria-required": field.required === true,
  };
  const title = <ExactText text={field.title ?? field.name} as="words" />;
  const hint = (
    <span id={`${id}-hint`} className="text-xs text-ink-soft">
      {field.description !== undefined && (
        <ExactText text={field.description} as="words" className="block text-sm text-ink" />
      )}
      <ExactText text={fieldHint(field)} as="line" />
      {field.required === true ? "; required" : ""}
    </span>
  );
  const wrong = (
    <span id={`${id}-problem`} className="text-xs text-danger empty:hidden">
      {problem}
    </span>
  );
  if (isChoice)
    return (
      <fieldset
        {...(field.type === "many" ? { "aria-describedby": about["aria-describedby"] } : about)}
        role={field.type === "many" ? "group" : "radiogroup"}
        className="flex min-w-0 flex-col gap-1"
      >
        <legend className="font-medium">{title}</legend>
        {hint}
        <Choices field={field} draft={draft} onChange={onChange} />
        {wrong}
      </fieldset>
    );
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {title}
      </label>
      {hint}
      <Line
        id={id}
        field={field}
        about={about}
        text={draft.text}
        onChange={(text) => onChange({ ...draft, text })}
      />
      {wrong}
    </div>
  );
}

type LineProps = {
  id: string;
  field: QuestionField;
  about: object;
  text: string;
  onChange: (text: string) => void;
};

function Line({ id, field, about, text, onChange }: LineProps) {
  const isLong =
    field.type === "text" && field.format === undefined && (field.maxLength ?? ONE_LINE + 1) > ONE_LINE;
  const common = { id, ...about, "data-field": field.name, value: text, dir: "auto", autoComplete: "off" };
  if (isLong)
    return (
      <textarea
        {...common}
        rows={2}
        onChange={(event) => onChange(event.target.value)}
        className={classes(FIELD, "py-1")}
      />
    );
  return (
    <input
      {...common}
      type="text"
      inputMode={field.type === "number" ? (field.integer === true ? "numeric" : "decimal") : "text"}
      onChange={(event) => onChange(event.target.value)}
      className={classes(FIELD, "h-8", field.type === "number" && "max-w-48 tabular-nums")}
    />
  );
}

const YES_OR_NO: readonly QuestionOption[] = [
  { value: "true", label: "Yes" },
  { value: "false", label: "No" },
];

function Choices({ field, draft, onChange }: Omit<Props, "problem">) {
  const group = useId();
  const options = "options" in field ? field.options : YES_OR_NO;
  const isMany = field.type === "many";
  const control = (key: string, isChosen: boolean, choose: (isOn: boolean) => void) => (
    <input
      type={isMany ? "checkbox" : "radio"}
      name={group}
      checked={isChosen}
      {...(key === "0" ? { "data-field": field.name } : {})}
      onChange={(event) => choose(event.target.checked)}
      className="mt-1 accent-accent"
    />
  );
  const choose = (value: string) => (isOn: boolean) => {
    if (!isMany) return onChange({ ...draft, chosen: [value], isOwn: false });
    const others = draft.chosen.filter((each) => each !== value);
    onChange({ ...draft, chosen: isOn ? [...others, value] : others });
  };
  return (
    <>
      {options.map((option, index) => (
        <Choice key={option.value}>
          {control(String(index), draft.chosen.includes(option.value), choose(option.value))}
          <span className="min-w-0">
            <ExactText text={option.label} as="words" />
            {option.description !== undefined && (
              <ExactText text={option.description} as="words" className="block text-xs text-ink-soft" />
            )}
          </span>
        </Choice>
      ))}
      {"custom" in field && field.custom === true && (
        <>
          <Choice>
            {control(String(options.length), draft.isOwn, (isOwn) =>
              onChange({ ...draft, isOwn, ...(isMany ? {} : { chosen: [] }) }),
            )}
            In your own words
          </Choice>
          {draft.isOwn && (
            <input
              aria-label="In your own words"
              dir="auto"
              value={draft.text}
              onChange={(event) => onChange({ ...draft, text: event.target.value })}
              className={classes(FIELD, "ml-6 h-8 w-auto")}
            />
          )}
        </>
      )}
    </>
  );
}

const Choice = ({ children }: { children: ReactNode }) => (
  <label className="flex items-start gap-2 pointer-coarse:min-h-11 pointer-coarse:items-center">
    {children}
  </label>
);
