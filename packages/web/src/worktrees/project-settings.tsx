import { type Project, visibleText, type WorktreeSettings } from "@holdfast/protocol";
import { type ReactNode, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Notice } from "../design/index.ts";
import { lineOf, wordsOf } from "./command-words.ts";

const FIELD =
  "w-full rounded-md border border-line-strong bg-surface px-2.5 py-1.5 font-mono text-sm focus:border-accent pointer-coarse:min-h-11 pointer-coarse:text-[1rem]";

/** The form's fields, as text. */
type Fields = { copy: string; setup: string; teardown: string; hooks: boolean };

const fieldsOf = ({ copy, setup, teardown, hooks }: WorktreeSettings): Fields => ({
  copy: copy?.join("\n") ?? "",
  setup: setup === undefined ? "" : lineOf(setup),
  teardown: teardown === undefined ? "" : lineOf(teardown),
  hooks: hooks ?? false,
});

/** The settings that the fields say; the name of a field that cannot be read. */
function settingsOf({ copy, setup, teardown, hooks }: Fields): WorktreeSettings | "setup" | "teardown" {
  const paths = copy
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const [before, after] = [setup, teardown].map((line) => (line.trim() === "" ? [] : wordsOf(line)));
  if (before === undefined) return "setup";
  if (after === undefined) return "teardown";
  return {
    ...(paths.length === 0 ? {} : { copy: paths }),
    ...(before.length === 0 ? {} : { setup: before }),
    ...(after.length === 0 ? {} : { teardown: after }),
    ...(hooks ? { hooks } : {}),
  };
}

type ProjectSettingsProps = { project: Project; onSaved: (project: Project) => void };

/** How worktrees of a project are made (W-2). Only the owner sets this, never a file of the repository: a clone must not run programs. */
export function ProjectSettings({ project, onSaved }: ProjectSettingsProps) {
  const client = useClient();
  const [fields, setFields] = useState(() => fieldsOf(project.worktree));
  const [note, setNote] = useState<{ tone: "danger" | "good"; text: string } | undefined>();
  const [isSaving, setSaving] = useState(false);
  const change = (part: Partial<Fields>) => {
    setFields((before) => ({ ...before, ...part }));
    setNote(undefined);
  };
  const save = async () => {
    const worktree = settingsOf(fields);
    if (typeof worktree === "string")
      return setNote({ tone: "danger", text: `The ${worktree} command has a quote that is not closed.` });
    setSaving(true);
    try {
      onSaved(await client.patchProject(project.id, { worktree }));
      setNote({ tone: "good", text: "Saved. It holds for worktrees that are made from now on." });
    } catch (error) {
      setNote({ tone: "danger", text: error instanceof Error ? error.message : String(error) });
    } finally {
      setSaving(false);
    }
  };
  return (
    <form
      aria-label={`Worktrees of ${visibleText(project.name, "line")}`}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      className="flex flex-col gap-3 px-3 py-3 text-sm"
    >
      <Field
        label="Ignored files to copy"
        hint="One path or pattern a line, such as .env. Other files that git ignores are not in a new worktree."
      >
        <textarea
          rows={3}
          value={fields.copy}
          dir="ltr"
          spellCheck={false}
          onChange={(event) => change({ copy: event.target.value })}
          className={FIELD}
        />
      </Field>
      <Field
        label="Setup command"
        hint="Runs in a new worktree, without a shell; words with blanks in quotes."
      >
        <input
          value={fields.setup}
          dir="ltr"
          spellCheck={false}
          autoComplete="off"
          placeholder="npm ci"
          onChange={(event) => change({ setup: event.target.value })}
          className={FIELD}
        />
      </Field>
      <Field label="Teardown command" hint="Runs before a worktree is removed.">
        <input
          value={fields.teardown}
          dir="ltr"
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => change({ teardown: event.target.value })}
          className={FIELD}
        />
      </Field>
      <label className="flex items-center gap-2 pointer-coarse:min-h-11">
        <input
          type="checkbox"
          checked={fields.hooks}
          onChange={(event) => change({ hooks: event.target.checked })}
          className="size-4 accent-accent"
        />
        Let the repository's own hooks run when a worktree is made
      </label>
      {note !== undefined && (
        <Notice tone={note.tone} role={note.tone === "danger" ? "alert" : "status"}>
          {note.text}
        </Notice>
      )}
      <Button type="submit" tone="primary" className="self-start" disabled={isSaving}>
        Save
      </Button>
    </form>
  );
}

function Field({ label, hint, children }: { label: string; hint: string; children: ReactNode }) {
  return (
    <label className="flex flex-col gap-1">
      <span className="font-medium">{label}</span>
      {children}
      <span className="text-xs text-ink-soft">{hint}</span>
    </label>
  );
}
