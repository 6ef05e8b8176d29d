/** The commands around the server itself: running, looking at, configuring and checking it, and what lives in it. */
import { type Command, Option } from "commander";
import type * as eventsPart from "./events-command.ts";
import type * as mcpPart from "./mcp-commands.ts";
import { type Action, collect, outputMode, wholeNumber } from "./program-action.ts";
import type * as servePart from "./serve-command.ts";

export function addServer(program: Command, action: Action): void {
  const part = () => import("./serve-command.ts");
  program
    .command("serve")
    .description("run the server until a signal ends it")
    .option("-d, --detach", "in the background; answers when it listens")
    .option("--host <address>", "address to listen on (HOLDFAST_HOST)")
    .option("--port <number>", "port to listen on, 0 for any free one (HOLDFAST_PORT)", wholeNumber)
    .addOption(
      new Option("--log-level <level>", "(HOLDFAST_LOG_LEVEL)").choices([
        "debug",
        "info",
        "warn",
        "error",
        "silent",
      ]),
    )
    .option("--allowed-hosts <names>", "Host header values to accept, by commas (HOLDFAST_ALLOWED_HOSTS)")
    .option("--behind-proxy", "a TLS proxy stands in front; needed for a non-loopback address")
    .option("--insecure-http", "accept a non-loopback address without TLS in front")
    .option("--log-file <path>", "write the log there, at most 16 MB of it; else to stderr")
    .addOption(new Option("--any-port-if-taken", "unless a port was chosen").hideHelp())
    .action(
      action(part, (module, context, flags: Parameters<typeof servePart.serve>[1]) =>
        module.serve(context, flags),
      ),
    );
  const around = () => import("./server-commands.ts");
  program
    .command("status")
    .description("show whether a server runs, and where")
    .action(action(around, (module, context) => module.status(context)));
  program
    .command("stop")
    .description("stop the server; running turns get their grace")
    .option("--force", "kill it; what it acknowledged is on disk")
    .action(action(around, (module, context, flags: { force?: boolean }) => module.stop(context, flags)));
  program
    .command("logs")
    .description("print the end of the log of a server in the background")
    .option("-n, --lines <number>", "so many lines", wholeNumber, 50)
    .option("-f, --follow", "go on with what it says")
    .action(
      action(around, (module, context, flags: { lines: number; follow?: boolean }) =>
        module.logs(context, flags),
      ),
    );
  addService(program, action);
}

function addService(program: Command, action: Action): void {
  const part = () => import("./service-commands.ts");
  const service = program.command("service").description("a server that the system starts at login");
  service
    .command("install")
    .description("write what systemd or launchd needs, and say how to enable it")
    .option("--enable", "enable and start it too")
    .action(action(part, (module, context, flags: { enable?: boolean }) => module.install(context, flags)));
  service
    .command("status", { isDefault: true })
    .description("show whether it is there, and what the system says of it")
    .action(action(part, (module, context) => module.status(context)));
  service
    .command("remove")
    .description("disable it and take it away; sessions stay")
    .action(action(part, (module, context) => module.remove(context)));
}

export function addHouse(program: Command, action: Action): void {
  const config = () => import("./config-commands.ts");
  const group = program.command("config").description("the configuration");
  group
    .command("show", { isDefault: true })
    .description("show what holds here, and where it comes from")
    .option("-C, --directory <path>", "in this directory", ".")
    .action(action(config, (module, context, flags: { directory: string }) => module.show(context, flags)));
  group
    .command("path")
    .description("print the file's path")
    .action(action(config, (module, context) => module.path(context)));
  group
    .command("init")
    .description("write a first file")
    .action(action(config, (module, context) => module.init(context)));
  group
    .command("set")
    .description("set one value in the user's file; comments stay")
    .argument("<key>")
    .argument("<value>", "JSON, or plain text")
    .action(action(config, (module, context, key: string, value: string) => module.set(context, key, value)));
  group
    .command("unset")
    .description("take one value out of the user's file")
    .argument("<key>")
    .action(action(config, (module, context, key: string) => module.unset(context, key)));
  const token = () => import("./token-commands.ts");
  const tokens = program.command("token").description("the server's token");
  tokens
    .command("show", { isDefault: true })
    .description("print it")
    .action(action(token, (module, context) => module.show(context)));
  tokens
    .command("rotate")
    .description("replace it")
    .action(action(token, (module, context) => module.rotate(context)));
  program
    .command("doctor")
    .description("look for trouble; change nothing")
    .action(
      action(
        () => import("./doctor-command.ts"),
        (module, context) => module.doctor(context),
      ),
    );
  program
    .command("upgrade")
    .description("tell how to upgrade, and how to go back")
    .option("--check", "ask npm's registry for a newer version")
    .action(
      action(
        () => import("./upgrade-command.ts"),
        (module, context, flags: { check?: boolean }) => module.upgrade(context, flags),
      ),
    );
  program
    .command("restore")
    .description(
      "say that the data directory was put back from an older copy: its refs end, its shares go on once",
    )
    .option("--from <path>", "put it back from this copy of a data directory first")
    .action(
      action(
        () => import("./restore-command.ts"),
        (module, context, flags: { from?: string }) => module.restore(context, flags),
      ),
    );
  program
    .command("uninstall")
    .description("tell what is where, and what would remove it; remove nothing")
    .action(
      action(
        () => import("./uninstall-command.ts"),
        (module, context) => module.uninstall(context),
      ),
    );
}

export function addEvents(program: Command, action: Action): void {
  program
    .command("events")
    .description("print a session's events")
    .argument("<session>")
    .option("--after <seq>", "only later ones", wholeNumber)
    .option("-f, --follow", "go on with what happens")
    .addOption(outputMode())
    .action(
      action(
        () => import("./events-command.ts"),
        (module, context, id: string, flags: Parameters<typeof eventsPart.events>[2]) =>
          module.events(context, id, flags),
      ),
    );
}

export function addAgents(program: Command, action: Action): void {
  const agent = () => import("./agents-command.ts");
  const agents = program.command("agents").description("agents, and which of them live");
  agents
    .command("list", { isDefault: true })
    .description("list agents, and those that live")
    .action(action(agent, (module, context) => module.agents(context)));
  agents
    .command("close")
    .description("close idle agents of a session; the next turn resumes them")
    .argument("<session>")
    .argument("[agent]", "this one; else all of the session")
    .action(
      action(agent, (module, context, id: string, one: string | undefined) => module.close(context, id, one)),
    );
  addLogin(agents, action);
  program
    .command("models")
    .description("list the models that the native agent can be asked for")
    .action(
      action(
        () => import("./models-command.ts"),
        (module, context) => module.models(context),
      ),
    );
}

function addLogin(agents: Command, action: Action): void {
  agents
    .command("login")
    .description("log in to an agent by a method that its turn's error names; it may open a browser")
    .argument("<session>")
    .argument("<method>")
    .option("-a, --agent <id>", "this agent; else the session's")
    .action(
      action(
        () => import("./agents-command.ts"),
        (module, context, id: string, method: string, flags: { agent?: string }) =>
          module.login(context, id, method, flags),
      ),
    );
}

export function addMcp(program: Command, action: Action): void {
  const part = () => import("./mcp-commands.ts");
  const mcp = program.command("mcp").description("MCP servers that agents are given");
  const placed = (command: Command) =>
    command
      .option("-C, --directory <path>", "of this directory's project", ".")
      .option("-s, --session <id>", "of this session alone, over those of its project");
  placed(
    mcp
      .command("list", { isDefault: true })
      .description("list them; values of variables and headers are never shown"),
  ).action(action(part, (module, context, flags: mcpPart.PlaceFlags) => module.list(context, flags)));
  mcp
    .command("resources")
    .description(
      "list what the servers of a session have, as a message can mention it; it starts them for that",
    )
    .requiredOption("-s, --session <id>", "of this session")
    .action(action(part, (module, context, flags: { session: string }) => module.resources(context, flags)));
  placed(mcp.command("add").description("add a server, or replace the one of that name"))
    .argument("<name>")
    .argument("[command...]", "behind --: the program that speaks MCP, and its arguments")
    .option("--http <url>", "an address in place of a program")
    .option("--sse <url>", "an address with the older transport of server-sent events")
    .option(
      "--env <variable>",
      "NAME=value for the program, or NAME for its value here; repeat it for more",
      collect,
    )
    .option(
      "--header <header>",
      "'Name: value' for the address; $NAME in it is taken from here; repeat it for more",
      collect,
    )
    .action(
      action(part, (module, context, name: string, command: string[], flags: mcpPart.AddFlags) =>
        module.add(context, name, command, flags),
      ),
    );
  placed(mcp.command("remove").description("take one out"))
    .argument("<name>")
    .action(
      action(part, (module, context, name: string, flags: mcpPart.PlaceFlags) =>
        module.remove(context, name, flags),
      ),
    );
  mcp
    .command("off")
    .description("leave a server of the project out of one session")
    .argument("<name>")
    .requiredOption("-s, --session <id>", "of this session")
    .action(
      action(part, (module, context, name: string, flags: { session: string }) =>
        module.off(context, name, flags),
      ),
    );
}
