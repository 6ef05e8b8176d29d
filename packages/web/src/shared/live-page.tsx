import type { Right } from "@holdfast/protocol";
import { type ReactNode, useMemo, useState } from "react";
import { CommentForm } from "../comments/index.ts";
import { useStore } from "../data/index.ts";
import { Button, Count, Empty } from "../design/index.ts";
import { DeadLink, Trouble } from "../link/index.ts";
import { type Reader, ReaderProvider, Transcript } from "../transcript/index.ts";
import { ChangeView } from "./change-view.tsx";
import type { LiveShare, SharedView } from "./live-share.ts";
import { noteOf, notesOf } from "./notes.tsx";
import { OmittedNote } from "./omitted-note.tsx";
import { SharedHeader } from "./shared-header.tsx";

type LivePageProps = { live: LiveShare; rights: readonly Right[]; onRetry: () => void };

/** A shared session while its reader looks on. */
export function LivePage({ live, rights, onRetry }: LivePageProps) {
  const view = useStore(live.view);
  const reader = useMemo<Reader>(() => ({ blobs: { read: (hash) => live.reader.readBlob(hash) } }), [live]);
  const [place, setPlace] = useState<"transcript" | "changes">("transcript");
  const { state } = view;
  // Who comes to read a session that is over begins at its beginning, as far as it is there; who comes to watch, at its end.
  const [first] = useState(() =>
    state.session?.status === "idle" ? state.transcript.messages[0]?.info.id : undefined,
  );
  const canComment = rights.includes("comment");
  const notes = useMemo(
    () =>
      notesOf(
        state.omitted,
        view.comments,
        canComment
          ? (messageId) => <CommentForm onSay={(id, text) => live.comment(id, messageId, text)} />
          : undefined,
      ),
    [live, state.omitted, view.comments, canComment],
  );
  if (view.phase === "gone") return <DeadLink />;
  if (view.phase === "failed")
    return (
      <Empty
        title="This page does not follow the session any more"
        action={<Button onClick={onRetry}>Try again</Button>}
      >
        {view.error}
      </Empty>
    );
  const changes = state.changes.size;
  return (
    <ReaderProvider reader={reader}>
      <div className="flex h-dvh flex-col bg-canvas pb-[env(safe-area-inset-bottom)]">
        <SharedHeader {...state} canComment={canComment}>
          {changes > 0 && (
            <Button
              size="small"
              aria-pressed={place === "changes"}
              onClick={() => setPlace(place === "changes" ? "transcript" : "changes")}
            >
              Changes <Count value={changes} label="changes" />
            </Button>
          )}
        </SharedHeader>
        <Trouble monitor={live.monitor} onRetry={() => window.location.reload()} />
        <main className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
          {/* Unseen, but at its scroll. */}
          <div className={place === "changes" ? "hidden" : "flex min-h-0 flex-1 flex-col"}>
            {state.transcript.messages.length === 0 ? (
              <Empty title="Nothing was said here yet">What comes appears here by itself.</Empty>
            ) : (
              <Transcript
                live={{ id: live.id, loadOlder: live.loadOlder }}
                view={{ state: state.transcript, older: view.older }}
                message={first}
                notes={notes}
              />
            )}
          </div>
          {place === "changes" && <Changes view={view} live={live} canComment={canComment} />}
        </main>
      </div>
    </ReaderProvider>
  );
}

function Changes(props: { view: SharedView; live: LiveShare; canComment: boolean }): ReactNode {
  const { view, live, canComment } = props;
  const { changes, omitted } = view.state;
  return (
    <div className="scroll-area min-h-0 flex-1" tabIndex={0} role="region" aria-label="Changes">
      <div className="mx-auto w-full max-w-4xl px-4 py-3">
        {[...changes.values()].map((change) => (
          <div key={change.id}>
            <ChangeView change={change} isOpen={false} />
            {view.comments
              .filter(({ on }) => on === change.id)
              .map((comment) => (
                <div key={comment.id}>{noteOf(comment)}</div>
              ))}
            {canComment && <CommentForm onSay={(id, text) => live.comment(id, change.id, text)} />}
          </div>
        ))}
        {[...omitted].flatMap(([key, gone]) =>
          key.startsWith("change:") ? [<OmittedNote key={key} omitted={gone} what="A change" />] : [],
        )}
      </div>
    </div>
  );
}
