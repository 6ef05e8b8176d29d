/** What stands in the model's view beside what was said: plain sentences, the same for the same rows. */

export const WORDS = {
  interrupted: "[Tool execution was interrupted]",
  cleared: "[Old tool result content cleared]",
  noOutput: "(no output)",
  fromTools: "Attached image(s) from tool result:",
  whatWasDone: "What did we do so far?",
  tailFollows: "The last steps of it follow as they were.",
  goOn: "Go on.",
  nobodyAsked: "[Nobody asked for what follows.]",
  ownWork: "[Nobody asked for what follows: a background task of the agent that worked here had ended.]",
  askedAgain:
    "[What follows was asked before, and the context was full before it was answered. The summary above says how far the work on it is: go on from there, and do nothing twice.]",
  empty: "ERROR: the attached file is empty or damaged. Tell the user.",
} as const;

/** Said behind a summary that nobody asked for, where nothing else says how to go on. `overflow`: what was attached may have been what did not fit. */
export const continuationText = (overflow: boolean): string =>
  [
    ...(overflow
      ? [
          "The context was full: what the user had attached may be gone from it. If you need it, say so, and ask for a smaller one.",
        ]
      : []),
    "Go on with the next steps, if the work is not finished. If it is, or if it is not clear how to go on, stop and say so.",
  ].join("\n");

/** What stands for an attachment that is not given to the model. */
export const attached = (mime: string, name: string | undefined, why = ""): string =>
  `[Attached ${mime}: ${name ?? "file"}${why}]`;

/** What the model is told of a kind of content that it does not take. */
export const notTaken = (kind: "image" | "pdf", name: string | undefined): string =>
  `ERROR: ${name ?? "the attached file"} cannot be read: this model takes no ${kind === "pdf" ? "PDF files" : "images"}. Tell the user.`;

/** Behind an output of which the rows hold only the beginning. */
export const cutNote = ({ lines, bytes }: { lines: number; bytes: number }): string =>
  `\n[The output was cut here. It has ${lines} lines and ${bytes} bytes in all.]`;
