import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App, followTheme, gainAccess } from "./data/index.ts";
import { guardCompositions } from "./keyboard/index.ts";
import { currentRoute } from "./route/index.ts";
import { Page } from "./shell/index.ts";

guardCompositions(window);
followTheme();
const root = document.getElementById("root");
if (root === null) throw new Error("The page has no #root.");
createRoot(root).render(<StrictMode>{await pageHere()}</StrictMode>);

/** Who comes with a link into one session gets a page of its own, which knows nothing of the access that this browser may have (S-35). */
async function pageHere(): Promise<ReactNode> {
  if (currentRoute().at === "guest") {
    const { openGuest } = await import("./guest/index.ts");
    return openGuest(window.location, window.history);
  }
  const access = await gainAccess();
  const app = "token" in access ? new App(access.token) : undefined;
  return <Page access={access} app={app} />;
}
