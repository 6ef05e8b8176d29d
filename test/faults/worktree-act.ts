/** The acts on worktrees that a trial asks for, as a client does. */
import type { Session, Worktree } from "@holdfast/protocol";
import type { Answer, Life } from "./worktree-life.ts";

export type Act = "create" | "refuse" | "archive" | "remove" | "restore";

/** What a trial knows of before the fault. */
export type Ground = {
  root: string;
  project: string;
  session: Session | undefined;
  worktree: Worktree | undefined;
  picture: string;
};

/** The act under test; repeated by the judge with the same key. */
export function perform(
  life: Life,
  act: Act,
  { project, session, worktree }: Ground,
): Promise<Answer | undefined> {
  switch (act) {
    case "create":
    case "refuse":
      return create(life, project, "tested");
    case "archive":
      return life.ask("PATCH", `/api/sessions/${session?.id}`, { archived: true });
    case "remove":
      return life.ask("DELETE", `/api/worktrees/${worktree?.id}?discard=true`);
    case "restore":
      return life.ask("POST", `/api/worktrees/${worktree?.id}/restore`, { from: "rescue" });
  }
}

/** Makes a session with a worktree of the checkout as it is. */
export function create(life: Life, directory: string, key: string): Promise<Answer | undefined> {
  const body = { directory, agent: "rehearsal", worktree: true, worktreeBase: "dirty" };
  return life.ask("POST", "/api/sessions", body, key);
}
