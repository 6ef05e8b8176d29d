/** The keys of the panel of changes: one table for the panel and the help. */

export type PanelAct =
  | "nextFile"
  | "previousFile"
  | "nextHunk"
  | "previousHunk"
  | "unfold"
  | "select"
  | "take"
  | "reject"
  | "undo"
  | "reviewed"
  | "comment";

export const PANEL_KEYS: readonly { act: PanelAct; keys: string; title: string }[] = [
  { act: "nextFile", keys: "j", title: "Changes: next file" },
  { act: "previousFile", keys: "k", title: "Changes: file before" },
  { act: "nextHunk", keys: "n", title: "Changes: next hunk" },
  { act: "previousHunk", keys: "p", title: "Changes: hunk before" },
  { act: "unfold", keys: "o", title: "Changes: open or close the file" },
  { act: "select", keys: "x", title: "Changes: choose the file or hunk" },
  { act: "take", keys: "a", title: "Changes: apply or accept" },
  { act: "reject", keys: "r", title: "Changes: reject" },
  { act: "undo", keys: "u", title: "Changes: undo the last act" },
  { act: "reviewed", keys: "space", title: "Changes: mark as reviewed" },
  { act: "comment", keys: "c", title: "Changes: comment on a line" },
];

type Stroke = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

/** What a key stroke asks for; nothing with a modifier is the panel's. */
export function actOf({ key, ctrlKey, metaKey, altKey }: Stroke): PanelAct | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  const name = key === " " ? "space" : key.toLowerCase();
  return PANEL_KEYS.find(({ keys }) => keys === name)?.act;
}

/** Whether the browser has its own use of a key there: text is written, or a control is pressed by the space bar. */
export function isTaken(target: EventTarget | null, act: PanelAct): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (["TEXTAREA", "SELECT"].includes(target.tagName) || target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox" || act === "reviewed";
  return act === "reviewed" && ["BUTTON", "A", "SUMMARY"].includes(target.tagName);
}
