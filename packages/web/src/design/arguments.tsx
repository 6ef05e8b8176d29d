import { Exact, ExactText } from "./exact.tsx";

/** What a call is given, each by its name; a command alone needs none. */
export function Arguments({ args }: { args: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(args);
  return (
    <dl className="flex flex-col gap-1.5 font-mono text-xs">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt className={entries.length === 1 && name === "command" ? "sr-only" : "font-sans text-ink-faint"}>
            <Exact text={name} />
          </dt>
          <dd>
            <ExactText text={typeof value === "string" ? value : JSON.stringify(value, null, 2)} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
