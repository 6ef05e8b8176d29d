/** Writes the pages of the share service as documents (S-12). Runs in a thread of that service, without a browser. */
import { visibleText } from "@holdfast/protocol";
import type { ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { DeadLink } from "../link/index.ts";
import { Busy, Waiting } from "./notices.tsx";
import type { PageRequest } from "./page-request.ts";
import { Document, SharedDocument } from "./shared-document.tsx";

/** Longest title of a window, in characters. */
const TITLE_LENGTH = 200;

/** The document, from its first character to its last. Throws on a request that is none. */
export function render(request: PageRequest): string {
  const { title, body, shareId } = pageOf(request);
  const facts = { page: request.page, ...(shareId === undefined ? {} : { shareId }) };
  const document = (
    <Document title={title} assets={request.assets} facts={facts}>
      {body}
    </Document>
  );
  return `<!doctype html>${renderToStaticMarkup(document)}`;
}

function pageOf(request: PageRequest): { title: string; body: ReactElement; shareId?: string } {
  switch (request.page) {
    case "session": {
      const { shareId, session } = request.shared;
      const title = visibleText(session?.title ?? "Shared session", "words").slice(0, TITLE_LENGTH);
      return { title: `${title} · Holdfast`, body: <SharedDocument request={request} />, shareId };
    }
    case "tooLong":
      return {
        title: "Shared session · Holdfast",
        body: <Waiting>This session is long: it is read piece by piece.</Waiting>,
        shareId: request.shareId,
      };
    case "ref":
      return { title: "Shared session · Holdfast", body: <Waiting>The session is being read.</Waiting> };
    case "list":
      return { title: "Shares · Holdfast", body: <Waiting>The list is being read.</Waiting> };
    case "gone":
      return { title: "Link that does not work · Holdfast", body: <DeadLink /> };
    case "busy":
      return { title: "Not just now · Holdfast", body: <Busy /> };
  }
}
