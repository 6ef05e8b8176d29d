import { PAGE_PATHS } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { startHoldfast, temporaryDirectory } from "../harness/index.ts";

/** Paths that monitors and programs of other protocols ask for, and what is below or beside an address of the page. */
const UNKNOWN = [
  "/metrics",
  "/metrics/x",
  "/mcp",
  "/mcp/sse",
  "/a2a",
  "/a2a/v1/card",
  "/.well-known/agent-card.json",
  "/nowhere",
  "/s",
  "/s/ses_1/x",
  "/inbox/x",
  "/settings/a/b",
  "/assets/none.js",
  "//",
];

test("[I-3] an address of the page answers with the page, and every other path with a problem", async () => {
  await using directory = await temporaryDirectory("unknown-paths");
  await using server = await startHoldfast({ root: directory.path });
  const answerOf = async (path: string, method: string) => {
    const answer = await fetch(server.url + path, { method });
    const text = await answer.text();
    return { status: answer.status, type: answer.headers.get("content-type")?.split(";")[0], text };
  };
  for (const path of PAGE_PATHS)
    for (const method of ["GET", "HEAD"])
      expect(await answerOf(path.replace(":id", "a%20b"), method), `${method} ${path}`).toMatchObject({
        status: 200,
        type: "text/html",
      });
  for (const path of UNKNOWN)
    for (const method of ["GET", "HEAD", "POST"]) {
      const { status, type, text } = await answerOf(path, method);
      expect({ status, type }, `${method} ${path}`).toEqual({
        status: 404,
        type: "application/problem+json",
      });
      if (method !== "HEAD") expect(JSON.parse(text)).toMatchObject({ status: 404, code: "NOT_FOUND" });
    }
  expect(await answerOf("/icon.svg", "GET")).toMatchObject({ status: 200, type: "image/svg+xml" });
});
