/** Replaces the one place in the file that reads exactly so. */
export type Edit = { find: string; replace: string };

/** A test that must turn red: its file, words of its title where the file is large, and where that title is written when the file only runs it. */
export type Catcher = { file: string; title?: string; from?: string };

/**
 * One promise broken in one plausible way. `find` holds no line numbers and as little of its surroundings as names the place, so that it lives
 * through other edits of the file; when it is not there exactly once, the sabotage does not apply, and that is a failure of its own.
 */
export type Sabotage = {
  name: string;
  /** Ids of the rules it breaks. */
  rules: readonly string[];
  /** What it does, as the engineer who landed it would not have said it. */
  breaks: string;
  file: string;
  edits: readonly Edit[];
  catchers: readonly Catcher[];
};

/** The sabotaged text. Throws when an edit does not find its place exactly once. */
export function sabotaged(source: string, { name, file, edits }: Sabotage): string {
  return edits.reduce((text, { find, replace }) => {
    const places = text.split(find).length - 1;
    if (places !== 1)
      throw new Error(`${name}: ${JSON.stringify(find)} stands ${places} times in ${file}, not once.`);
    return text.replace(find, () => replace);
  }, source);
}
