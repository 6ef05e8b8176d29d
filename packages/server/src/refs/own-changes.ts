import type { ChangeList, SessionId } from "@holdfast/protocol";

/** The pending changes that a session made alone: of a file in which others worked too, the patch would show their work. */
export const ownChanges = (list: ChangeList, sessionId: SessionId): ChangeList => ({
  ...list,
  items: list.items.filter(
    ({ contributions }) =>
      contributions.length > 0 && contributions.every((each) => each.sessionId === sessionId),
  ),
});
