import type { SessionComment } from "@holdfast/protocol";
import { type ReactNode, useEffect, useMemo } from "react";
import { CommentForm, CommentNote, useComments } from "../comments/index.ts";
import { useStore } from "../data/index.ts";
import { Chip, Empty, Exact, Notice, Skeleton } from "../design/index.ts";
import { PermissionRequest } from "../inbox/index.ts";
import { DeadLink, Trouble } from "../link/index.ts";
import { RIGHT_WORDS } from "../sharing/index.ts";
import { type Notes, type Reader, ReaderProvider, Transcript } from "../transcript/index.ts";
import { GuestComposer } from "./guest-composer.tsx";
import type { Guest } from "./guest.ts";

/** One session, for who was let into it: what the ref allows, and nothing else. */
export function GuestPage({ guest }: { guest: Guest }) {
  const { live, client, ref } = guest;
  const view = useStore(live.view);
  const connection = useStore(guest.monitor.store);
  useEffect(() => live.follow(), [live]);
  const reader = useMemo<Reader>(
    () => ({ blobs: { read: (hash) => client.readBlob(live.id, hash) } }),
    [client, live],
  );
  const canComment = ref.rights.includes("comment");
  const comments = useComments(client, live.id, view.state.comments);
  const notes = useMemo(
    () =>
      guestNotes(
        comments,
        canComment
          ? (on) => (
              <CommentForm
                onSay={async (id, text) => {
                  await client.addComment(live.id, { id, on: on as SessionComment["on"], text });
                }}
              />
            )
          : undefined,
      ),
    [client, live, comments, canComment],
  );
  if (connection.state === "refused" || view.phase === "missing") return <DeadLink />;
  if (view.phase === "failed") return <Empty title="It could not be read">{view.error}</Empty>;
  if (view.phase === "loading")
    return (
      <div className="mx-auto w-full max-w-3xl p-6">
        <Skeleton lines={6} label="Loading the session" />
      </div>
    );
  const { state } = view;
  const permissions = Object.values(state.permissions);
  return (
    <ReaderProvider reader={reader}>
      <div className="flex h-dvh flex-col bg-canvas pb-[env(safe-area-inset-bottom)]">
        <header className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-surface px-4 py-2">
          <h1 className="min-w-0 flex-1 basis-48 text-base font-semibold">
            <Exact text={state.session?.title ?? "Session"} as="words" className="break-words" />
          </h1>
          <span className="flex flex-wrap items-center gap-1.5">
            {ref.rights.map((right) => (
              <Chip key={right} tone={right === "prompt" ? "danger" : "neutral"}>
                {RIGHT_WORDS[right].label}
              </Chip>
            ))}
          </span>
        </header>
        <Trouble monitor={guest.monitor} onRetry={() => live.wake(false)} />
        <main className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
          {state.messages.length === 0 ? (
            <div className="flex-1">
              <Empty title="Nothing was said here yet">What comes appears here by itself.</Empty>
            </div>
          ) : (
            <Transcript live={live} view={view} message={undefined} notes={notes} />
          )}
          {permissions.length > 0 && (
            <div className="scroll-area mx-auto flex max-h-[45dvh] w-full max-w-3xl shrink-0 flex-col gap-2 px-4 pb-2">
              {permissions.map((permission) =>
                ref.rights.includes("approve") ? (
                  <PermissionRequest
                    key={permission.id}
                    permission={permission}
                    isOwner={false}
                    onReply={(reply) => client.replyPermission(permission.id, reply)}
                  />
                ) : (
                  <Notice key={permission.id} tone="attention" role="status">
                    The agent waits for an answer: <Exact text={permission.title} as="words" />
                  </Notice>
                ),
              )}
            </div>
          )}
          {ref.rights.includes("prompt") && <GuestComposer guest={guest} state={state} />}
        </main>
      </div>
    </ReaderProvider>
  );
}

/** What people said below messages, and the place to say more. */
function guestNotes(
  comments: readonly SessionComment[],
  formOf: ((messageId: string) => ReactNode) | undefined,
): Notes {
  return {
    get: (messageId) => {
      const form = formOf?.(messageId);
      const said = comments
        .filter(({ on }) => on === messageId)
        .map(({ id, actor, text, time }) => ({
          key: id as string,
          note: <CommentNote by={actor.label} text={text} time={time.created} />,
        }));
      return form === undefined ? said : [...said, { key: `form ${messageId}`, note: form }];
    },
  };
}
