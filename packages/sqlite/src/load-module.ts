import type { CommandModule } from "./contract.ts";

/** Imports a command module by its URL: its default export, or the export named `commandModule`. */
export async function loadModule(href: string): Promise<CommandModule> {
  const loaded = (await import(href)) as { default?: CommandModule; commandModule?: CommandModule };
  const module = loaded.default ?? loaded.commandModule;
  if (module === undefined || typeof module.commands !== "object" || !Array.isArray(module.migrations)) {
    throw new TypeError(`${href} exports no command module (migrations and commands).`);
  }
  return module;
}
