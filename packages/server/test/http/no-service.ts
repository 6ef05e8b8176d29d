import { ShareServices } from "../../src/sharing/index.ts";

/** A service that nobody can reach. */
export const SERVICES = new ShareServices({
  configured: { origin: "https://share.example", key: "k".repeat(32) },
  open: () => ({
    call: () => Promise.resolve({ outcome: "unknown", reason: "test" }),
    putBlob: () => Promise.resolve({ outcome: "unknown", reason: "test" }),
    close: () => undefined,
  }),
  askListCode: () => Promise.resolve({ outcome: "unknown", reason: "test" }),
});
