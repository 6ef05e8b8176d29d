import { type Command, Option } from "commander";
import { type Action, wholeNumber } from "./program-action.ts";
import type * as shareServerPart from "./share-server-command.ts";

/** The share service and copies of what it keeps. */
export function addShareServer(program: Command, action: Action): void {
  const part = () => import("./share-server-command.ts");
  const server = program
    .command("share-server")
    .description("run the share service until a signal ends it; publish keys stand in HOLDFAST_SHARE_KEYS")
    .option("--host <address>", "address to listen on (HOLDFAST_SHARE_HOST)")
    .option(
      "--port <number>",
      "port to listen on, 0 for any free one (HOLDFAST_SHARE_PORT; default: 4681)",
      wholeNumber,
    )
    .addOption(
      new Option("--log-level <level>", "(HOLDFAST_LOG_LEVEL)").choices([
        "debug",
        "info",
        "warn",
        "error",
        "silent",
      ]),
    )
    .option(
      "--allowed-hosts <names>",
      "Host header values to accept, by commas (HOLDFAST_SHARE_ALLOWED_HOSTS)",
    )
    .option("--behind-proxy", "a TLS proxy stands in front; needed for a non-loopback address")
    .option("--insecure-http", "accept a non-loopback address without TLS in front")
    .option("--quota-mib <number>", "most that one share may take (default: 512)", wholeNumber)
    .addOption(new Option("--embedded", "ends with its standard input").hideHelp())
    .action(
      action(part, (module, context, flags: shareServerPart.ShareServerFlags) =>
        module.shareServer(context, flags),
      ),
    );
  server
    .command("backup")
    .description("copy what a stopped service keeps into a directory")
    .argument("<directory>")
    .action(action(part, (module, context, directory: string) => module.backup(context, directory)));
  server
    .command("restore")
    .description("bring such a copy back; shares stay hidden until their publishers confirm them")
    .argument("<directory>")
    .action(action(part, (module, context, directory: string) => module.restore(context, directory)));
}
