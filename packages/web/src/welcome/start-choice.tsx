/** What a session works on: the directory itself, or a worktree that starts from the last commit or from the files as they are. */
export type StartFrom = "directory" | "head" | "dirty";

const PLACES: Record<StartFrom, { words: string; meaning: string }> = {
  directory: {
    words: "In place",
    meaning: "Changes are in your files at once; you accept or reject them afterwards.",
  },
  head: {
    words: "In a worktree of its own, from the last commit",
    meaning: "Your files stay as they are until you apply the changes. Needs a git repository.",
  },
  dirty: {
    words: "In a worktree of its own, from the files as they are now",
    meaning: "As above, with what is not committed yet.",
  },
};

type PlaceChoiceProps = { place: StartFrom; onChange: (place: StartFrom) => void };

export function StartChoice({ place, onChange }: PlaceChoiceProps) {
  return (
    <fieldset className="flex flex-col gap-2 text-sm">
      <legend className="pb-1.5 font-medium">Where it works</legend>
      {(Object.keys(PLACES) as StartFrom[]).map((name) => (
        <label key={name} className="flex items-start gap-2 pointer-coarse:min-h-11">
          <input
            type="radio"
            name="place"
            checked={name === place}
            onChange={() => onChange(name)}
            className="mt-0.5 size-4 shrink-0 accent-accent"
          />
          <span>
            {PLACES[name].words}
            <span className="block text-xs text-ink-soft">{PLACES[name].meaning}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
