import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Once before the tests: the page as `npm start` would build it. */
export function setup(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, "../../scripts/build-page.ts"), "--if-missing"], {
    stdio: "inherit",
  });
}
