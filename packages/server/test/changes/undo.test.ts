import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isWhole } from "../../../../test/harness/sample.ts";
import { OWNER, ReviewRoom } from "./review-room.ts";
import { lines, oneChange } from "./scenes.ts";

const by = { actor: OWNER };

test("[W-7] an undo gives back what was decided, with what agents did since on top", async () => {
  const { room, session } = await oneChange();
  await using _room = room;
  const { id } = await room.change("a.txt");
  const { value } = await room.review.apply(room.workspace.id, { changeIds: [id] }, by);
  await room.turn(session, "goose", { "a.txt": lines([5, "agent"], [6, "goose"], [20, "goose"]) });
  await room.review.undo(room.workspace.id, value.operationId, by);
  const back = await room.change("a.txt");
  expect(
    back.hunks.map(({ newStart, newLines, origins }) => [
      newStart,
      newLines,
      origins.map(({ agent }) => agent),
    ]),
  ).toEqual([
    [5, 2, ["goose", "qwen"]],
    [20, 1, ["goose"]],
  ]);
  expect(back.contributions.map(({ agent, hunks }) => [agent, hunks.length])).toEqual([
    ["qwen", 1],
    ["goose", 2],
  ]);
  await room.review.apply(room.workspace.id, { changeIds: [back.id] }, by);
  expect(await room.picture()).toMatchObject({
    "a.txt": `644 ${lines([5, "agent"], [6, "goose"], [20, "goose"])}`,
  });
});

test.runIf(isWhole)("[W-8] an undo meets exactly what the apply wrote, or refuses", async () => {
  const { room } = await oneChange();
  await using _room = room;
  const { id } = await room.change("a.txt");
  const { value } = await room.review.apply(room.workspace.id, { changeIds: [id] }, by);
  await appendFile(join(room.project, "a.txt"), "mine\n");
  const undo = () => room.review.undo(room.workspace.id, value.operationId, by);
  await expect(undo()).rejects.toMatchObject({ code: "CHANGES_CONFLICT", data: { paths: ["a.txt"] } });
  expect(await readFile(join(room.project, "a.txt"), "utf8")).toBe(`${lines([5, "agent"])}mine\n`);
  await writeFile(join(room.project, "a.txt"), lines([5, "agent"]));
  await undo();
  expect(await room.picture()).toMatchObject({ "a.txt": `644 ${lines()}` });
  expect(await room.change("a.txt")).toMatchObject({ agent: "qwen", state: "pending" });
  await expect(undo()).rejects.toMatchObject({ code: "CONFLICT" });
  expect((await room.review.operations(room.workspace.id)).items).toMatchObject([
    { kind: "undo", state: "done", undoes: value.operationId },
    { kind: "apply", state: "done", operationId: value.operationId },
  ]);
});

test.runIf(isWhole)(
  "[W-8] an undo brings line ends and filtered bytes back as they were on the disk",
  async () => {
    await using room = await ReviewRoom.open({
      ".gitattributes": "*.crlf text eol=crlf\n*.mixed text\n",
      "a.crlf": "one\r\ntwo\r\n",
      "b.mixed": "one\ntwo\n",
    });
    const session = await room.inWorktree();
    await room.turn(session, "qwen", { "a.crlf": "one\r\nagent\r\n", "b.mixed": "agent\ntwo\n" });
    await room.write(room.project, { "b.mixed": "one\r\ntwo\n" });
    const before = await room.picture();
    const ids = (await room.changes()).map(({ id }) => id);
    const { value } = await room.review.apply(room.workspace.id, { changeIds: ids }, by);
    expect(await room.picture()).toMatchObject({ "a.crlf": "644 one\r\nagent\r\n" });
    await room.review.undo(room.workspace.id, value.operationId, by);
    expect(await room.picture()).toEqual(before);
  },
);
