import { realpathSync } from "node:fs";
import { type Clock, isHoldfastError } from "@holdfast/kernel";
import type { Review } from "../changes/index.ts";
import { createPreviews, createPublisher, secretsInVariables } from "../sharing/index.ts";
import type { Store } from "../store/index.ts";
import type { ServerConfig } from "./config.ts";

export type PublishingDeps = {
  config: ServerConfig;
  store: Store;
  changes: Pick<Review, "get" | "list">;
  clock: Clock;
  /** Tokens and keys of this server. */
  secrets: readonly string[];
};

/** What may leave this machine (S-17), and the previews of it. `keepSecret`: another token of ours, which it answers. */
export function buildPublishing({ config, store, changes, clock, secrets }: PublishingDeps) {
  const agents = Object.values(config.file.agents ?? {}).map(({ env }) => env ?? {});
  let own = secrets;
  // Looked for when something leaves: most servers share nothing.
  let known: readonly string[] | undefined;
  const publisher = createPublisher({
    store,
    async readChange(change) {
      try {
        return await changes.get(change.workspaceId, change.id);
      } catch (error) {
        if (isHoldfastError(error) && error.code === "NOT_FOUND") return change;
        throw error;
      }
    },
    home: placesOf(config.home),
    secrets: () => (known ??= [...own, ...[config.environment, ...agents].flatMap(secretsInVariables)]),
  });
  const previews = createPreviews({
    publisher,
    store,
    listChanges: async ({ workspaceId }) => (await changes.list(workspaceId, { refresh: false })).items,
    clock,
  });
  return {
    publisher,
    previews,
    keepSecret(secret: string): string {
      own = [...own, secret];
      known &&= [...known, secret];
      return secret;
    },
  };
}

/** A directory by every path that leads there. */
function placesOf(path: string): string[] {
  if (path === "") return [];
  try {
    return [...new Set([path, realpathSync(path)])];
  } catch {
    return [path];
  }
}
