import type { Model } from "@holdfast/protocol";
import type { ModelFacts, ProviderAccess } from "../wire.ts";

/** Whom the view is for. */
export type ViewOptions = {
  model: Model;
  kind: ProviderAccess["kind"];
  facts: ModelFacts;
  /** Stored content by its hash, `undefined` when it is gone. Asked for once per file and view: keep what was read. */
  blob: (hash: string) => Promise<Uint8Array | undefined>;
  /** Names attachments instead of giving them. */
  stripMedia?: boolean;
};
