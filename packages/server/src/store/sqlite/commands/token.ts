import type { TokenId } from "@holdfast/protocol";
import type { BrowserTokenRow } from "../../port.ts";
import type { Write } from "../sql.ts";

/** Browser tokens are stored by hash only (I-6). */
export function putBrowserToken(write: Write, row: BrowserTokenRow & { hash: string }): void {
  write.run(
    "INSERT INTO browser_token (id, hash, label, created, expires) VALUES (?, ?, ?, ?, ?)",
    row.id,
    row.hash,
    row.label,
    row.created,
    row.expires,
  );
}

export function touchBrowserToken(write: Write, command: { id: TokenId }): void {
  write.run("UPDATE browser_token SET used = ? WHERE id = ?", write.now, command.id);
}

export function revokeBrowserTokens(write: Write, command: { id: TokenId } | { all: true }): boolean {
  if ("all" in command) return write.run("DELETE FROM browser_token") > 0;
  return write.run("DELETE FROM browser_token WHERE id = ?", command.id) > 0;
}
