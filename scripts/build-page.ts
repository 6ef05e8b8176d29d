/** `npm run build:page`: builds the page into packages/web/dist. `--if-missing` does nothing when it is there and no source is newer. */
import { buildPage } from "./build/page.ts";

await buildPage({ isForced: !process.argv.includes("--if-missing") });
