import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Context } from "./context.ts";

type Flags = {
  host?: string;
  port?: number;
  logLevel?: "debug" | "info" | "warn" | "error" | "silent";
  allowedHosts?: string;
  behindProxy?: boolean;
  insecureHttp?: boolean;
  logFile?: string;
  anyPortIfTaken?: boolean;
  detach?: boolean;
};

/** Runs the server; it reads its own environment and prints its own ready line. Answers its exit code. */
export async function serve(context: Context, flags: Flags): Promise<number> {
  if (flags.detach === true) {
    const { detach } = await import("./server-commands.ts");
    return detach(context, argumentsOf(flags));
  }
  // The server lives without its ready line: whoever looks finds it by its record.
  process.stdout
    .removeAllListeners("error")
    .on("error", ({ message }) =>
      context.output.note(`holdfast: The ready line cannot be written: ${message}`),
    );
  const [server, { PAGE_DIRECTORY }] = await Promise.all([
    import("@holdfast/server"),
    import("@holdfast/web"),
  ]);
  const { allowedHosts, detach: _, ...given } = flags;
  const program = process.argv[1];
  return server.serve({
    ...given,
    shareProgram: program === undefined ? undefined : realpathSync(program),
    dataDirectory: context.flags.dataDir,
    configFile: context.flags.config,
    pageDirectory: fileURLToPath(PAGE_DIRECTORY),
    allowedHosts: allowedHosts
      ?.split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  });
}

/** The same flags for a server of its own, as they are typed. Its log goes where the log of a server in the background is looked for. */
function argumentsOf({ host, port, logLevel, allowedHosts, behindProxy, insecureHttp }: Flags): string[] {
  const values = { host, port, "log-level": logLevel, "allowed-hosts": allowedHosts };
  const switches = { "behind-proxy": behindProxy, "insecure-http": insecureHttp };
  return [
    ...Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, String(value)],
    ),
    ...Object.entries(switches).flatMap(([name, isSet]) => (isSet === true ? [`--${name}`] : [])),
  ];
}
