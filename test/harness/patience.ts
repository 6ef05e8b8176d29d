/** Unless a test says otherwise, its waits end only what hangs: by itself `vi.waitFor` gives up after a second, which a busy machine needs for less. */
import { vi } from "vitest";

const PATIENCE_MS = 120_000;

const { waitFor, waitUntil } = vi;
vi.waitFor = (look, options) => waitFor(look, patient(options));
vi.waitUntil = (look, options) => waitUntil(look, patient(options));

function patient(options: number | { timeout?: number; interval?: number } | undefined) {
  return { timeout: PATIENCE_MS, ...(typeof options === "number" ? { timeout: options } : options) };
}
