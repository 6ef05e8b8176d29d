/**
 * Every address of the page; `:id` stands for one segment that is not empty. The server answers these, and no other path, with the page's
 * document (I-3), and the page names a place for each.
 */
export const PAGE_PATHS = [
  "/",
  "/new",
  "/s/:id",
  "/s/:id/timeline",
  "/s/:id/changes",
  "/l",
  "/inbox",
  "/archive",
  "/worktrees",
  "/shares",
  "/agents",
  "/settings",
  "/settings/:id",
] as const;
export type PagePath = (typeof PAGE_PATHS)[number];

/** The address of the page that a path is, with its `:id` as it stands there, still encoded (empty where it has none). */
export function pagePathOf(path: string): { path: PagePath; id: string } | undefined {
  const given = path.split("/");
  for (const page of PAGE_PATHS) {
    const wanted = page.split("/");
    const fits = (part: string, at: number) => (part === ":id" ? given[at] !== "" : part === given[at]);
    if (wanted.length === given.length && wanted.every(fits))
      return { path: page, id: given[wanted.indexOf(":id")] ?? "" };
  }
  return undefined;
}
