import type { PermissionRule, Session } from "@holdfast/protocol";

/** Rules of one scope: of a whole project, or of one session. */
export type RuleGroup = {
  key: string;
  /** Of the project, as far as one of its sessions is known. */
  directory: string | undefined;
  /** Absent: the rules hold in the whole project. */
  session: { id: string; title: string | undefined } | undefined;
  rules: PermissionRule[];
};

/** Projects' rules first, then those of sessions; inside a group the newest first. Pure. */
export function groupRules(rules: readonly PermissionRule[], sessions: readonly Session[]): RuleGroup[] {
  const directories = new Map(sessions.map((session) => [session.projectId, session.directory]));
  const titles = new Map(sessions.map((session) => [session.id, session.title]));
  const groups = new Map<string, RuleGroup>();
  for (const rule of rules.toSorted((a, b) => b.time.created - a.time.created)) {
    const { sessionId } = rule;
    const isOfSession = rule.scope === "session" && sessionId !== undefined;
    const key = isOfSession ? sessionId : rule.projectId;
    const group = groups.get(key) ?? {
      key,
      directory: directories.get(rule.projectId),
      session: isOfSession ? { id: sessionId, title: titles.get(sessionId) } : undefined,
      rules: [],
    };
    group.rules.push(rule);
    groups.set(key, group);
  }
  const rank = ({ session }: RuleGroup) => (session === undefined ? 0 : 1);
  return [...groups.values()].toSorted((a, b) => rank(a) - rank(b));
}
