import { type ReactNode, useState } from "react";
import { prefer, type Preferences, preferences, useStore } from "../data/index.ts";
import { Notice } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { Rules } from "./rules.tsx";

/** What this browser remembers of its user's taste, and the standing answers that every browser shares. */
export function SettingsView({ section }: { section: string | undefined }) {
  const { theme, sendWith } = useStore(preferences);
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-2xl flex-col gap-8 px-4 py-5">
        <h1 className="text-lg font-semibold">Settings</h1>
        <Section title="Appearance">
          <Choice
            label="Theme"
            value={theme}
            options={{ system: "As the system", light: "Light", dark: "Dark" }}
            onChange={(value) => prefer({ theme: value })}
          />
        </Section>
        <Section title="Writing">
          <Choice
            label="Send with"
            value={sendWith}
            options={{ enter: "Enter", "mod+enter": "Ctrl or ⌘ + Enter" }}
            onChange={(value) => prefer({ sendWith: value })}
          />
        </Section>
        <Notifications />
        <Section title="Agents">
          <p className="text-sm text-ink-soft">
            <Link to={{ at: "agents" }} className="text-accent underline underline-offset-2">
              What runs now, and which agents there are
            </Link>
          </p>
        </Section>
        <Section title="Worktrees">
          <p className="text-sm text-ink-soft">
            <Link to={{ at: "worktrees" }} className="text-accent underline underline-offset-2">
              Every worktree, what is kept of those that are gone, and how new ones are made
            </Link>
          </p>
        </Section>
        <Section title="Sharing">
          <p className="text-sm text-ink-soft">
            <Link to={{ at: "shares" }} className="text-accent underline underline-offset-2">
              What others can see or do: copies on services, and links into sessions
            </Link>
          </p>
        </Section>
        <Section title="Always allowed">
          <Rules isWanted={section === "rules"} />
        </Section>
      </div>
    </div>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex flex-col gap-3">
      <h2 className="border-b border-line pb-1 font-semibold">{title}</h2>
      {children}
    </section>
  );
}

type ChoiceProps<T extends string> = {
  label: string;
  value: T;
  options: Record<T, string>;
  onChange: (value: T) => void;
};

function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <label className="flex items-center justify-between gap-3 text-sm">
      {label}
      <select
        value={value}
        onChange={(event) => onChange(event.target.value as T)}
        className="h-8 rounded-md border border-line-strong bg-surface px-2 pointer-coarse:h-11"
      >
        {(Object.entries(options) as [T, string][]).map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const NOTICES: Record<keyof Preferences["notify"], string> = {
  attention: "When an agent asks for something",
  finished: "When a turn ends",
  sound: "With a sound",
};

function Notifications() {
  const notify = useStore(preferences, (value) => value.notify);
  const [permission, setPermission] = useState(() =>
    "Notification" in window ? Notification.permission : "denied",
  );
  const change = async (name: keyof Preferences["notify"], isOn: boolean) => {
    if (isOn && name !== "sound" && permission === "default")
      setPermission(await Notification.requestPermission());
    prefer({ notify: { ...preferences.get().notify, [name]: isOn } });
  };
  return (
    <Section title="Notifications">
      {(Object.keys(NOTICES) as (keyof Preferences["notify"])[]).map((name) => (
        <label key={name} className="flex items-center gap-2 text-sm pointer-coarse:min-h-11">
          <input
            type="checkbox"
            checked={notify[name]}
            onChange={(event) => void change(name, event.target.checked)}
            className="size-4 accent-accent"
          />
          {NOTICES[name]}
        </label>
      ))}
      {permission === "denied" && <Notice>This browser shows no notifications from this page.</Notice>}
    </Section>
  );
}
