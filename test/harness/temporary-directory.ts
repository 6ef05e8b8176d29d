import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rowReports } from "./row-reports.ts";

/** A fresh directory, gone after `await using`. */
export async function temporaryDirectory(name: string): Promise<{ path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), `holdfast-${name}-`)));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await (await rowReports())?.recordRows(path);
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
