/**
 * The command line (I-9). Only what is needed to understand it is loaded here; each command loads its own part when it runs, so that
 * `--help` and a typing error cost nothing (I-10).
 */
import { readFileSync } from "node:fs";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type * as attachPart from "./attach-command.ts";
import type { GlobalFlags } from "./config.ts";
import type { Context } from "./context.ts";
import { EXIT_HELP } from "./exit-code.ts";
import type * as permissionPart from "./permission-commands.ts";
import { type Action, outputMode, type Part, wholeNumber } from "./program-action.ts";
import { addCompletion } from "./program-completion.ts";
import { addChanges, addWorktree, worktreeOptions } from "./program-files.ts";
import { addRefs } from "./program-refs.ts";
import { addAgents, addEvents, addHouse, addMcp, addServer } from "./program-server.ts";
import { addShareServer } from "./program-share-server.ts";
import { addShare } from "./program-share.ts";
import type * as questionPart from "./question-commands.ts";
import type * as runPart from "./run-command.ts";
import type * as sessionPart from "./session-commands.ts";
import type * as turnPart from "./turn-commands.ts";

const PROMPT =
  "what to do, with files as @path, @path:10-20 or @path#symbol, resources as @mcp://server/uri; else read from stdin";

type Finish = (exitCode: number) => void;

/** The whole program; `finish` hears the exit code of the command that ran. */
export function createProgram(finish: Finish): Command {
  const program = new Command("holdfast")
    .description("Keeps coding-agent sessions alive.")
    .version(readVersion(), "-V, --version")
    .option(
      "--url <url>",
      "the server, which is trusted with the token (HOLDFAST_URL; default: the one running for the data directory)",
    )
    .option("--data-dir <path>", "the data directory (HOLDFAST_DATA_DIR)")
    .option("--config <file>", "the user's configuration file")
    .option("--json", "print one JSON object")
    .option("--no-input", "never ask anything")
    .option("--no-start", "never start a server")
    .exitOverride()
    .showHelpAfterError("(holdfast --help tells more)")
    .addHelpText(
      "after",
      `\nExit codes:\n${EXIT_HELP.map(([code, text]) => `  ${String(code).padEnd(4)}${text}`).join("\n")}`,
    );

  /** An action that loads its part, runs with a context and hands the exit code on. */
  const action =
    <M, A extends unknown[]>(
      part: Part<M>,
      run: (module: M, context: Context, ...args: A) => number | Promise<number>,
    ) =>
    async (...args: [...A, Command]): Promise<void> => {
      const command = args.at(-1) as Command;
      const { createContext } = await import("./context.ts");
      const context = createContext(command.optsWithGlobals<GlobalFlags>());
      finish(await run(await part(), context, ...(args.slice(0, -1) as unknown as A)));
    };

  /** The same for what needs a server: one is started in the background when none runs (I-24). */
  const withServer: Action = (part, run) =>
    action(part, async (module, context, ...args) => {
      await (await import("./start-server.ts")).ensureServer(context);
      return run(module, context, ...args);
    });

  addServer(program, action);
  addRun(program, withServer);
  addAttach(program, withServer);
  addSession(program, withServer);
  addTurn(program, withServer);
  addChanges(program, withServer);
  addWorktree(program, withServer);
  addShare(program, withServer);
  addInbox(program, withServer);
  addQuestions(program, withServer);
  addPage(program, withServer);
  addEvents(program, withServer);
  addAgents(program, withServer);
  addMcp(program, withServer);
  addShareServer(program, action);
  addRefs(program, action, withServer);
  addHouse(program, action);
  addCompletion(program, finish);
  return program;
}

const approvalMode = () =>
  new Option("--approval-mode <mode>", "how the agent asks").choices(["ask", "edits", "all", "readOnly"]);

function addRun(program: Command, action: Action): void {
  const run = program
    .command("run")
    .description("give a session one input and follow its turn to the end")
    .argument("[prompt...]", PROMPT)
    .option("-s, --session <id>", "go on in this session; else a new one")
    .option("-C, --directory <path>", "where a new session works", ".")
    .option("-a, --agent <id>")
    .option("-m, --model <[provider/]model>")
    .option("-t, --title <text>")
    .addOption(approvalMode())
    .option("--timeout <seconds>", "stop the turn after this time", seconds)
    .option("--schema <file>", "print one JSON value that fits this JSON Schema")
    .option("--retries <number>", "ask again so often for one that does not fit (default: 2)", wholeNumber)
    .addOption(outputMode())
    .action(
      action(
        () => import("./run-command.ts"),
        (module, context, prompt: string[], flags: Parameters<typeof runPart.run>[2]) =>
          module.run(context, prompt, flags),
      ),
    );
  for (const option of worktreeOptions()) run.addOption(option);
}

function addAttach(program: Command, action: Action): void {
  program
    .command("attach")
    .description("follow a session live, write to it, answer its agent; leaving never stops it")
    .argument("<session>")
    .option("-n, --messages <number>", "show so many of the last messages first", wholeNumber, 20)
    .addOption(outputMode())
    .addHelpText(
      "after",
      "\nWithout a terminal, lines of stdin are messages or commands (/help lists them); it ends with its input once nothing runs.\n",
    )
    .action(
      action(
        () => import("./attach-command.ts"),
        (module, context, id: string, flags: attachPart.AttachFlags) => module.attach(context, id, flags),
      ),
    );
}

function addSession(program: Command, action: Action): void {
  const part = () => import("./session-commands.ts");
  const session = program.command("session").description("sessions");
  session
    .command("list")
    .description("list sessions, newest first")
    .option("-n, --limit <number>", "at most so many", wholeNumber, 50)
    .option("--archived", "archived ones")
    .option("-C, --directory <path>", "of this directory, and of its worktrees")
    .option("--title <text>", "with this in the title")
    .action(
      action(part, (module, context, flags: Parameters<typeof sessionPart.list>[1]) =>
        module.list(context, flags),
      ),
    );
  session
    .command("show")
    .description("show a session, its queue and its last turns")
    .argument("<session>")
    .action(action(part, (module, context, id: string) => module.show(context, id)));
  const fresh = session
    .command("new")
    .description("create a session")
    .option("-C, --directory <path>", "where it works", ".")
    .option("-a, --agent <id>")
    .option("-m, --model <[provider/]model>")
    .option("-t, --title <text>")
    .addOption(approvalMode())
    .action(
      action(part, (module, context, flags: Parameters<typeof sessionPart.create>[1]) =>
        module.create(context, flags),
      ),
    );
  for (const option of worktreeOptions()) fresh.addOption(option);
  session
    .command("rename")
    .description("give a session a title")
    .argument("<session>")
    .argument("<title>")
    .action(
      action(part, (module, context, id: string, title: string) => module.patch(context, id, { title })),
    );
  session
    .command("after-limit")
    .description(
      "say how often in a row a turn goes on by itself once its agent's usage limit has reset; 0: never",
    )
    .argument("<session>")
    .argument("<times>", "0 to 10", wholeNumber)
    .action(
      action(part, (module, context, id: string, limitAttempts: number) =>
        module.patch(context, id, { limitAttempts }),
      ),
    );
  addSave(session, action);
  session
    .command("archive")
    .description("put a session away")
    .argument("<session>")
    .action(action(part, (module, context, id: string) => module.patch(context, id, { archived: true })));
  session
    .command("unarchive")
    .description("bring an archived session back")
    .argument("<session>")
    .action(action(part, (module, context, id: string) => module.patch(context, id, { archived: false })));
  session
    .command("delete")
    .description("delete a session and its children")
    .argument("<session>")
    .option("--discard", "also when work would be lost")
    .option("--keep-shares", "leave what is shared of it readable, once all was sent; else it is taken back")
    .action(
      action(part, (module, context, id: string, flags: Parameters<typeof sessionPart.remove>[2]) =>
        module.remove(context, id, flags),
      ),
    );
}

function addSave(session: Command, action: Action): void {
  session
    .command("save")
    .description("save a file of a session: what came with a call, as `show` names it")
    .argument("<session>")
    .argument("<blob>", "its hash")
    .argument("<file>", "a file that is not there yet")
    .action(
      action(
        () => import("./session-commands.ts"),
        (module, context, id: string, blob: string, file: string) => module.save(context, id, blob, file),
      ),
    );
}

function addTurn(program: Command, action: Action): void {
  const part = () => import("./turn-commands.ts");
  const turn = program.command("turn").description("work of a session");
  turn
    .command("send")
    .description("admit an input and leave")
    .argument("<session>")
    .argument("[prompt...]", PROMPT)
    .option("--steer", "at the next step of the running turn, if the agent can")
    .addOption(new Option("--now", "stop what runs, and send it before all that waits").conflicts("steer"))
    .option("-a, --agent <id>")
    .option("-m, --model <[provider/]model>")
    .action(
      action(
        part,
        (module, context, id: string, prompt: string[], flags: Parameters<typeof turnPart.send>[3]) =>
          module.send(context, id, prompt, flags),
      ),
    );
  turn
    .command("stop")
    .description("stop a turn, or what a session is doing")
    .argument("<turn-or-session>")
    .action(action(part, (module, context, id: string) => module.stop(context, id)));
  turn
    .command("continue")
    .description("go on from a turn that was interrupted or ended at a usage limit, once that is over")
    .argument("<turn-or-session>")
    .action(action(part, (module, context, id: string) => module.goOn(context, id)));
  turn
    .command("queue")
    .description("list what waits; let it go on; take an input out")
    .argument("<session>")
    .option("--resume", "let it go on: it is paused, or waits for a usage limit")
    .option("--remove <input>", "take this input out")
    .action(
      action(part, (module, context, id: string, flags: Parameters<typeof turnPart.queue>[2]) =>
        module.queue(context, id, flags),
      ),
    );
}

function addInbox(program: Command, action: Action): void {
  const part = () => import("./permission-commands.ts");
  const permission = program.command("permission").description("what agents ask before they act");
  permission
    .command("list")
    .description("list open requests")
    .option("-s, --session <id>", "of this session")
    .option("--all", "also answered and expired ones")
    .action(
      action(part, (module, context, flags: Parameters<typeof permissionPart.list>[1]) =>
        module.list(context, flags),
      ),
    );
  permission
    .command("show")
    .description("show all of a request: what the agent would do")
    .argument("<request>")
    .action(action(part, (module, context, id: string) => module.show(context, id)));
  permission
    .command("reply")
    .description("answer a request")
    .argument("<request>")
    .addArgument(new Argument("<reply>").choices(["once", "always", "reject"]))
    .option("--message <text>", "for the agent")
    .action(
      action(
        part,
        (module, context, id: string, reply: "once" | "always" | "reject", flags: { message?: string }) =>
          module.reply(context, id, reply, flags),
      ),
    );
}

function addQuestions(program: Command, action: Action): void {
  const part = () => import("./question-commands.ts");
  const question = program.command("question").description("what agents want to know");
  question
    .command("list")
    .description("list open questions")
    .option("-s, --session <id>", "of this session")
    .option("--all", "also answered and expired ones")
    .action(
      action(part, (module, context, flags: Parameters<typeof questionPart.list>[1]) =>
        module.list(context, flags),
      ),
    );
  question
    .command("show")
    .description("show all of a question, with its fields")
    .argument("<question>")
    .action(action(part, (module, context, id: string) => module.show(context, id)));
  question
    .command("answer")
    .description("answer a question, on a terminal field by field")
    .argument("<question>")
    .argument("[values...]", "field=value")
    .option("--decline", "say no")
    .option("--cancel", "say that nobody decides")
    .action(
      action(
        part,
        (module, context, id: string, values: string[], flags: Parameters<typeof questionPart.answer>[3]) =>
          module.answer(context, id, values, flags),
      ),
    );
}

function addPage(program: Command, action: Action): void {
  program
    .command("open")
    .description("open the page in a browser, with access for it")
    .argument("[session]")
    .option("--print", "print the address instead")
    .action(
      action(
        () => import("./open-command.ts"),
        (module, context, session: string | undefined, flags: { print?: boolean }) =>
          module.open(context, session, flags),
      ),
    );
}

function seconds(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0 || value > 86_400)
    throw new InvalidArgumentError("Expected seconds, at most 86400.");
  return value;
}

function readVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
