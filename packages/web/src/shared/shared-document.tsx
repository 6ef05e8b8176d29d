import { sharedStateOf, type SharedState } from "@holdfast/client";
import { type ReactNode, useMemo } from "react";
import { Empty, StaticProvider } from "../design/index.ts";
import { rowsOf, RowView, type Reader, ReaderProvider } from "../transcript/index.ts";
import { ChangeView } from "./change-view.tsx";
import { noteOf, notesOf } from "./notes.tsx";
import { OmittedNote } from "./omitted-note.tsx";
import { FACTS_ID, type PageAssets, type PageFacts, type SharedPageRequest } from "./page-request.ts";
import { SharedHeader } from "./shared-header.tsx";

/** Changes that are open at first, and all lines of a document's changes that are. */
const OPEN_CHANGES = 3;

/** A whole document: what everybody may load, and what its script is to know. */
export function Document(props: {
  title: string;
  assets: PageAssets;
  facts: PageFacts;
  children: ReactNode;
}) {
  const { title, assets, facts, children } = props;
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" type="image/svg+xml" href="/icon.svg" />
        {assets.styles.map((href) => (
          <link key={href} rel="stylesheet" href={href} />
        ))}
        <script type="module" src={assets.script} />
      </head>
      <body>
        <div id="root">{children}</div>
        <script
          type="application/json"
          id={FACTS_ID}
          dangerouslySetInnerHTML={{ __html: JSON.stringify(facts).replaceAll("<", "\\u003c") }}
        />
      </body>
    </html>
  );
}

/** A shared session as a document that is read without script: the page's own transcript, all of it on the page. */
export function SharedDocument({ request }: { request: SharedPageRequest }) {
  const { shared, messages, changes, comments, isOlder } = request;
  const state = useMemo(
    () => sharedStateOf(shared, { ...messages, seq: shared.seq }, changes),
    [shared, messages, changes],
  );
  const rows = rowsOf(state.transcript, notesOf(state.omitted, comments));
  // Below its own address, which is not in it: one document serves all links of a share.
  const reader: Reader = { blobs: { hrefOf: (hash) => `?blob=${hash}` } };
  return (
    <StaticProvider>
      <ReaderProvider reader={reader}>
        <SharedHeader {...state} />
        <main className="min-h-dvh bg-surface">
          <div className="mx-auto w-full max-w-3xl px-4 pb-12">
            {state.session === undefined && <Omissions omitted={state.omitted} />}
            {messages.next !== undefined && (
              <p className="py-3 text-center text-sm">
                <a className="text-accent underline" href={`?before=${encodeURIComponent(messages.next)}`}>
                  Older messages
                </a>
              </p>
            )}
            {rows.length === 0 && (
              <Empty title="Nothing was said here yet">What comes will be on this page.</Empty>
            )}
            <div role="log" aria-live="off" aria-label="Conversation">
              {rows.map((row) => (
                <RowView key={row.key} row={row} sessionId="" />
              ))}
            </div>
            {isOlder && (
              <p className="py-3 text-center text-sm">
                <a className="text-accent underline" href="?">
                  To the newest messages
                </a>
              </p>
            )}
            {!isOlder && <Changes state={state} comments={comments} />}
          </div>
        </main>
      </ReaderProvider>
    </StaticProvider>
  );
}

const Omissions = ({ omitted }: Pick<SharedState, "omitted">) =>
  [...omitted].flatMap(([key, gone]) =>
    key === "session" ? [<OmittedNote key={key} omitted={gone} what="What this session is" />] : [],
  );

type ChangesProps = { state: SharedState; comments: SharedPageRequest["comments"] };

/** What became of the files, below what was said. */
function Changes({ state, comments }: ChangesProps) {
  const { changes, omitted } = state;
  const hidden = [...omitted].filter(([key]) => key.startsWith("change:"));
  if (changes.size + hidden.length === 0) return null;
  return (
    <section aria-label="Changes" className="mt-8 border-t border-line pt-4">
      <h2 className="text-lg font-semibold">Changes</h2>
      {[...changes.values()].map((change) => (
        <div key={change.id}>
          <ChangeView change={change} isOpen={changes.size <= OPEN_CHANGES} />
          {comments
            .filter(({ on }) => on === change.id)
            .map((comment) => (
              <div key={comment.id}>{noteOf(comment)}</div>
            ))}
        </div>
      ))}
      {hidden.map(([key, gone]) => (
        <OmittedNote key={key} omitted={gone} what="A change" />
      ))}
    </section>
  );
}
