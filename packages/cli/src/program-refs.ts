/** The commands about refs: letting others into a session, and being let in. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Action, collect, wholeNumber } from "./program-action.ts";
import type * as refPart from "./ref-commands.ts";

const RIGHTS = ["read", "comment", "prompt", "approve", "share", "admin"];

/** `withServer` starts one where the command is about this machine's. */
export function addRefs(program: Command, action: Action, withServer: Action): void {
  const part = () => import("./ref-commands.ts");
  const ref = program
    .command("ref")
    .description("let others into one session, or give further links to a share, and take that back");
  limited(ref.command("create").description("make a link to a session or a share; it is shown once"))
    .argument("<target>", "id of a session or a share")
    .action(
      withServer(part, (module, context, id: string, flags: refPart.LimitFlags) =>
        module.create(context, id, flags),
      ),
    );
  limited(ref.command("attenuate").description("make a narrower one below a ref"))
    .argument("<ref>")
    .action(
      withServer(part, (module, context, id: string, flags: refPart.LimitFlags) =>
        module.attenuate(context, id, flags),
      ),
    );
  ref
    .command("list")
    .description("list refs that work, newest first")
    .addOption(new Option("-s, --session <id>", "of this session").conflicts("share"))
    .option("--share <id>", "of this share, as its service has them")
    .option("--all", "also those that have ended")
    .action(withServer(part, (module, context, flags: refPart.ListFlags) => module.list(context, flags)));
  ref
    .command("revoke")
    .description("end a ref and all below it, and what they asked for")
    .argument("<ref>")
    .option("--reason <text>", "kept with it, for you alone")
    .option("--keep-work", "leave what was asked through it queued and running")
    .action(
      withServer(part, (module, context, id: string, flags: Parameters<typeof refPart.revoke>[2]) =>
        module.revoke(context, id, flags),
      ),
    );
  ref
    .command("renew")
    .description("end every ref of a session for good, and make one new one with every right")
    .argument("<session>")
    .option("--label <text>", "whom it is for, in your words")
    .action(
      withServer(part, (module, context, id: string, flags: { label?: string }) =>
        module.renew(context, id, flags),
      ),
    );
  ref
    .command("audit")
    .description("show what was done, read and refused through a ref and those below it")
    .argument("<ref>")
    .action(withServer(part, (module, context, id: string) => module.audit(context, id)));
  addHolder(ref, action);
}

function addHolder(ref: Command, action: Action): void {
  const part = () => import("./ref-commands.ts");
  ref
    .command("redeem")
    .description("show what a link opens; the link is read from a file or from stdin")
    .argument("[file]", "holds the link; else stdin")
    .action(action(part, (module, context, file?: string) => module.redeem(context, file)));
  ref
    .command("send")
    .description("ask the session of a link for something; it is kept here until the server has it")
    .requiredOption("--link <file>", "holds the link; - is stdin")
    .argument("<prompt...>")
    .action(
      action(part, (module, context, words: string[], flags: { link: string }) =>
        module.send(context, flags.link, words),
      ),
    );
}

const limited = (command: Command): Command =>
  command
    .addOption(
      new Option("-r, --right <right>", "what it allows; repeat it for more (default: read)").argParser(
        (value: string, before: string[] | undefined) => {
          if (!RIGHTS.includes(value))
            throw new InvalidArgumentError(`${value} is not one of ${RIGHTS.join(", ")}.`);
          return collect(value, before);
        },
      ),
    )
    .option("--label <text>", "whom it is for, in your words")
    .option("--expires <time>", "30m, 24h, 7d or never (default: 24h with prompt, else never)")
    .option("--uses <number>", "works so many times", wholeNumber)
    .option("--for <audience>", "shown to whoever opens it")
    .option("--tool <name>", "approve answers for this tool alone; repeat it for more", collect)
    .option("--path <path>", "approve answers for files below this alone; repeat it for more", collect);
