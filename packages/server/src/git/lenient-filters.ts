import type { GitRunner, GitWhere } from "./runner.ts";

/**
 * Configuration with which a filter that fails leaves a file as it is, where git would end over it: one broken filter must not hide what else is there, nor
 * keep what was rescued from coming back.
 */
export async function withoutRequiredFilters(git: GitRunner, where: GitWhere): Promise<string[]> {
  const args = ["config", "--name-only", "-z", "--get-regexp", "^filter\\..*\\.required$"];
  const { stdout } = await git.run(where, args, { exits: [0, 1] });
  const names = stdout.toString("utf8").split("\0");
  // Told as `name=value`, a name with an equals sign would be another.
  return names.filter((name) => name !== "" && !name.includes("=")).map((name) => `${name}=false`);
}
