import { join } from "node:path";
import { buildProgramUnlessFresh } from "../../scripts/build/program.ts";

/** Once before the tests: the program as it is published, for the processes that they start. */
export async function setup(): Promise<void> {
  const directory = join(import.meta.dirname, "../../build/holdfast");
  await buildProgramUnlessFresh(directory);
  process.env["HOLDFAST_BUILT"] = directory;
}
