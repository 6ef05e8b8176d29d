import { Argument, type Command } from "commander";
import type { GlobalFlags } from "./config.ts";

/** Adds `completion`, and the hidden command that its scripts ask for ids. */
export function addCompletion(program: Command, finish: (exitCode: number) => void): void {
  program
    .command("completion")
    .description("print a script that completes commands, options and ids in a shell")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      [
        "",
        "bash:  source <(holdfast completion bash)                    in ~/.bashrc",
        "zsh:   source <(holdfast completion zsh)                     in ~/.zshrc, after compinit",
        "fish:  holdfast completion fish | source                     in ~/.config/fish/config.fish",
      ].join("\n"),
    )
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completionScript } = await import("./completion-script.ts");
      process.stdout.write(completionScript(program, shell));
      finish(0);
    });
  program
    .command("__complete", { hidden: true })
    .argument("<kind>")
    .action(async (kind: string, _flags: unknown, command: Command) => {
      const { printIds } = await import("./completion-ids.ts");
      finish(await printIds(kind, command.optsWithGlobals<GlobalFlags>()));
    });
}
