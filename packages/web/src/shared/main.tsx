/** The script of the share service's pages: it takes a document over once it has read what the document shows, and follows it from there. */
import { isApiError, openShareList, redeemLink } from "@holdfast/client";
import type { Right } from "@holdfast/protocol";
import { type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { Button, Empty } from "../design/index.ts";
import { DeadLink, decoded, OpenAgain, takeFragment } from "../link/index.ts";
import { ListPage } from "./list-page.tsx";
import { LivePage } from "./live-page.tsx";
import { LiveShare } from "./live-share.ts";
import { FACTS_ID, type PageFacts } from "./page-request.ts";

const url = window.location.origin;
const fragment = takeFragment(window.location, window.history);
let root: Root | undefined;

/** What was served stays until there is something to show instead of it. */
function show(node: ReactNode): void {
  const place = document.getElementById("root");
  if (place === null) throw new Error("The document has no #root.");
  root ??= createRoot(place);
  root.render(<StrictMode>{node}</StrictMode>);
}

/** The secret of the read link that this page has as its address. */
const secretOfPath = (path: string): string => decoded(path.split("/")[2] ?? "");

function follow(shareId: string, secret: string, rights: readonly Right[]): void {
  const live = new LiveShare(shareId, secret);
  const retry = () => void live.follow(new AbortController().signal);
  const page = <LivePage live={live} rights={rights} onRetry={retry} />;
  let isShown = false;
  const shown = () => {
    if (isShown || live.view.get().phase === "loading") return;
    isShown = true;
    show(page);
  };
  live.view.subscribe(shown);
  live.view.subscribe(() => {
    // Nothing of a share that was taken back stays on the screen, in its title neither.
    if (live.view.get().phase === "gone") document.title = "Holdfast";
  });
  retry();
}

async function openRef(): Promise<void> {
  if (fragment === undefined) return show(<OpenAgain />);
  const { shareId, rights } = await redeemLink({ url, token: fragment });
  follow(shareId, fragment, rights);
}

async function openList(): Promise<void> {
  const code = /^code=(.+)$/.exec(fragment ?? "")?.[1];
  if (code === undefined)
    return show(
      <Empty title="This list is opened with a code">
        <span className="font-mono">holdfast share open</span> makes one, and so does the button above the
        shares of a Holdfast. It works once, within a minute.
      </Empty>,
    );
  const list = await openShareList({ url, code });
  const first = await list.list();
  show(<ListPage first={first} more={(before) => list.list({ before })} />);
}

function fail(error: unknown): void {
  if (isApiError(error, "REF_NOT_VALID")) return show(<DeadLink />);
  show(
    <Empty
      title="It could not be read"
      action={<Button onClick={() => window.location.reload()}>Try again</Button>}
    >
      {error instanceof Error ? error.message : String(error)}
    </Empty>,
  );
}

// Another link that is opened in this window changes the fragment alone.
window.addEventListener("hashchange", () => window.location.reload());

const facts = JSON.parse(document.getElementById(FACTS_ID)?.textContent ?? "{}") as PageFacts;
// A document of older pages stays as it is: its reader asked for that page.
const isOlder = new URLSearchParams(window.location.search).has("before");
if (facts.page === "ref") openRef().catch(fail);
if (facts.page === "list") openList().catch(fail);
if ((facts.page === "session" || facts.page === "tooLong") && facts.shareId !== undefined && !isOlder)
  follow(facts.shareId, secretOfPath(window.location.pathname), ["read"]);
