import { fileURLToPath } from "node:url";
import type { Context } from "./context.ts";

export type ShareServerFlags = {
  host?: string;
  port?: number;
  logLevel?: string;
  allowedHosts?: string;
  behindProxy?: boolean;
  insecureHttp?: boolean;
  quotaMib?: number;
  embedded?: boolean;
};

/** Runs the share service; it reads its own environment and prints its own ready line. Answers its exit code. */
export async function shareServer(
  context: Context,
  { allowedHosts, ...given }: ShareServerFlags,
): Promise<number> {
  const [share, { SHARED_PAGE_DIRECTORY }] = await Promise.all([
    import("@holdfast/share"),
    import("@holdfast/web"),
  ]);
  return share.serveShares({
    ...given,
    pageDirectory: fileURLToPath(SHARED_PAGE_DIRECTORY),
    dataDirectory: context.flags.dataDir,
    allowedHosts: allowedHosts
      ?.split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  });
}

export async function backup(context: Context, directory: string): Promise<number> {
  const share = await import("@holdfast/share");
  return share.backupShares({ dataDirectory: context.flags.dataDir }, directory);
}

export async function restore(context: Context, directory: string): Promise<number> {
  const share = await import("@holdfast/share");
  return share.restoreShares({ dataDirectory: context.flags.dataDir }, directory);
}
