const isMac = /Mac|iP(?:hone|ad)/.test(navigator.platform);

type Stroke = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

/** Whether a key stroke is `keys`. Shift counts only through the character it makes. */
export function matches(event: Stroke, keys: string): boolean {
  const parts = keys.split("+");
  const key = parts.at(-1) ?? "";
  const wantsMod = parts.includes("mod");
  const hasMod = isMac ? event.metaKey : event.ctrlKey;
  const hasOther = event.altKey || (isMac ? event.ctrlKey : event.metaKey);
  return event.key.toLowerCase() === key && hasMod === wantsMod && !hasOther;
}

/** Keys as this machine's keyboard names them. */
export function namesOf(keys: string): string[] {
  return keys.split("+").map((part) => (part === "mod" ? (isMac ? "⌘" : "Ctrl") : part.toUpperCase()));
}

/** Whether somebody writes there, so that letters are text. */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && target.type === "range") return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
