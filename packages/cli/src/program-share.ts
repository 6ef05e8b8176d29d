/** The part of the command line that is about shares. */
import type { Command } from "commander";
import { type Action, wholeNumber } from "./program-action.ts";
import type * as sharePart from "./share-commands.ts";

export function addShare(program: Command, action: Action): void {
  const part = () => import("./share-commands.ts");
  const share = program.command("share").description("sessions that are published to a share service");
  share
    .command("create")
    .description("show what of a session would be published, then share it; prints the link")
    .argument("<session>")
    .option(
      "--service <url>",
      "the share service (HOLDFAST_SHARE_SERVICE; default: the one beside the server)",
    )
    .option("--title <text>", "what readers see; default: the session's title")
    .option("--days <number>", "end it after so many days; 0: never (default: 30)", wholeNumber)
    .option("--files", "also images and other binary files")
    .option("--others", "of changes also what others wrote")
    .option("-y, --yes", "share without being asked")
    .action(
      action(part, (module, context, id: string, flags: sharePart.CreateFlags) =>
        module.create(context, id, flags),
      ),
    );
  share
    .command("list")
    .description("list shares, newest first")
    .option("-s, --session <id>", "of this session")
    .option("--all", "also those that are over")
    .action(
      action(part, (module, context, flags: Parameters<typeof sharePart.list>[1]) =>
        module.list(context, flags),
      ),
    );
  share
    .command("show")
    .description("show a share: its state, what waits to be sent, its last error")
    .argument("<share>")
    .action(action(part, (module, context, id: string) => module.show(context, id)));
  share
    .command("link")
    .description("print the link by which a share is read")
    .argument("<share>")
    .option("--renew", "end every link and ref of it first, for good")
    .action(
      action(part, (module, context, id: string, flags: { renew?: boolean }) =>
        module.link(context, id, flags),
      ),
    );
  share
    .command("open")
    .description("open the list of all that its service keeps for your publish key, in a browser")
    .option(
      "--service <url>",
      "the share service (HOLDFAST_SHARE_SERVICE; default: the one beside the server)",
    )
    .option("--print", "print the address instead of opening it")
    .action(
      action(part, (module, context, flags: Parameters<typeof sharePart.open>[1]) =>
        module.open(context, flags),
      ),
    );
  const acts = [
    ["pause", "pauseShare", "stop sending; changes are sent when it is resumed"],
    ["resume", "resumeShare", "go on sending a share that was paused, or could not go on"],
    ["adopt", "adoptShare", "take a share over that another publisher writes"],
    ["revoke", "revokeShare", "take a share back; tried until its service has confirmed it"],
  ] as const;
  for (const [name, call, about] of acts)
    share
      .command(name)
      .description(about)
      .argument("<share>")
      .action(action(part, (module, context, id: string) => module.act(context, id, call)));
  share
    .command("audit")
    .description("show who read and did what of a share, as its service wrote it down")
    .argument("<share>")
    .action(action(part, (module, context, id: string) => module.audit(context, id)));
}
