import { useEffect, useState } from "react";
import { highlight } from "../transcript/index.ts";
import type { PatchBlock, PatchLine } from "./patch-lines.ts";

/** Colours of the lines of a patch, by line; plain lines have none. */
export type Colours = ReadonlyMap<PatchLine, string>;

const PLAIN: Colours = new Map();

/** Colours both sides of a patch away from the page's own thread; until then, and where the language is not known, lines are plain. */
export function useColours(blocks: readonly PatchBlock[], language: string): Colours {
  const [coloured, setColoured] = useState<{ blocks: readonly PatchBlock[]; colours: Colours } | undefined>();
  useEffect(() => {
    if (language === "") return;
    let isWanted = true;
    void colour(blocks, language).then((colours) => isWanted && setColoured({ blocks, colours }));
    return () => {
      isWanted = false;
    };
  }, [blocks, language]);
  return coloured?.blocks === blocks ? coloured.colours : PLAIN;
}

/** Each side is coloured as one text, so that what spans lines is seen; what is the same on both takes its colours from the new one. */
async function colour(blocks: readonly PatchBlock[], language: string): Promise<Colours> {
  const lines = blocks.flatMap((block) => block.lines);
  const sides = [
    lines.filter(({ kind }) => kind !== "removed"),
    lines.filter(({ kind }) => kind !== "added"),
  ] as const;
  const [now, old] = await Promise.all(
    sides.map((side) => highlight(side.map(({ text }) => text).join("\n"), language)),
  );
  const colours = new Map<PatchLine, string>();
  const put = (side: readonly PatchLine[], html: string | undefined) => {
    const rows = html?.split("\n") ?? [];
    if (rows.length !== side.length) return;
    for (const [index, line] of side.entries()) colours.set(line, rows[index] ?? "");
  };
  put(sides[1], old);
  put(sides[0], now);
  return colours;
}
