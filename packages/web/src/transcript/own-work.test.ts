import type { MessageInfo } from "@holdfast/protocol";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { OwnWorkLine } from "./own-work.tsx";

const textOf = (page: string) => page.split(/<[^>]*>/).filter((text) => text !== "");

test("[A-27, I-15] where nobody asked, a line says that the agent went on by itself", () => {
  const info = { role: "user", agent: "claude", time: { created: 1 } } as unknown as MessageInfo;
  const page = renderToStaticMarkup(createElement(OwnWorkLine, { info }));
  expect(textOf(page).join("")).toBe("claude went on by itself: a background task had ended");
});
