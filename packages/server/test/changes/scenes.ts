import { ReviewRoom } from "./review-room.ts";

/** Thirty lines, some of them changed. */
export const lines = (...changed: readonly [number, string][]): string =>
  Array.from(
    { length: 30 },
    (_, at) => `${changed.find(([line]) => line === at + 1)?.[1] ?? `line ${at + 1}`}\n`,
  ).join("");

/** A worktree in which an agent changed one file of three. */
export async function oneChange() {
  const room = await ReviewRoom.open({ "a.txt": lines(), "b.txt": "b\n", "c/d.txt": "d\n" });
  const session = await room.inWorktree();
  await room.turn(session, "qwen", { "a.txt": lines([5, "agent"]) });
  return { room, session };
}
