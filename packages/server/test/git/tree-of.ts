import { editTree, type Checkout, writeBlob } from "../../src/git/index.ts";

/** A tree of these files; a value that starts with `->` is a link, one with `!` an executable. */
export async function treeOf(checkout: Checkout, files: Record<string, string | Buffer>): Promise<string> {
  const edits = await Promise.all(
    Object.entries(files).map(async ([key, value]) => {
      const text = String(value);
      if (text.startsWith("->"))
        return { key, version: { blob: await writeBlob(checkout, text.slice(2)), mode: "120000" } };
      return {
        key,
        version: { blob: await writeBlob(checkout, value), mode: text.startsWith("!") ? "100755" : "100644" },
      };
    }),
  );
  return editTree(checkout, undefined, edits);
}
