/** What the thread of the tools is given, and what it says. */

export type Job =
  /** Lines that match in files of a directory, named relative to it. */
  | {
      type: "lines";
      base: string;
      files: readonly string[];
      source: string;
      flags: string;
      /** Only files whose names match this glob. */
      include?: string;
      most: number;
    }
  /** Names that match a glob. */
  | { type: "names"; names: readonly string[]; glob: string }
  | { type: "markdown"; html: string };

export type FoundLine = { file: string; line: number; text: string };

/** A job says any number of `found`, then `done`. `passedOver`: files that are too large or no text. */
export type Told =
  | { type: "found"; lines: FoundLine[] }
  | {
      type: "done";
      names?: string[];
      markdown?: string;
      searched?: number;
      passedOver?: number;
      isCut?: boolean;
    };
