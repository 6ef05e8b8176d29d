import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, followTheme, gainAccess } from "./data/index.ts";
import { guardCompositions } from "./keyboard/index.ts";
import { Page } from "./shell/index.ts";

guardCompositions(window);
followTheme();
const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");
const access = await gainAccess();
const app = "token" in access ? new App(access.token) : undefined;
createRoot(root).render(
  <StrictMode>
    <Page access={access} app={app} />
  </StrictMode>,
);
