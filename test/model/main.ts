/** Runs the scripted model by hand: prints its url and serves until SIGINT or SIGTERM. */
import { startModel } from "./server.ts";

const port = Number(process.argv[2] ?? 0);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write("usage: node test/model/main.ts [port]\n");
  process.exit(2);
}
const model = await startModel({ port });
process.stdout.write(`${model.url}\n`);
let stop: () => void = () => undefined;
const stopped = new Promise<void>((resolve) => (stop = resolve));
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
await stopped;
await model.close();
