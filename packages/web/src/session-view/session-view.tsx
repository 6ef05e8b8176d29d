import type { Session, SessionComment } from "@holdfast/protocol";
import { lazy, type ReactNode, Suspense, useEffect, useMemo } from "react";
import { CommentNote, useComments } from "../comments/index.ts";
import { Composer } from "../composer/index.ts";
import { type LiveView, useClient, useLiveSession } from "../data/index.ts";
import { classes, Empty, Skeleton } from "../design/index.ts";
import { navigate, type Route } from "../route/index.ts";
import { type History, type Notes, Transcript } from "../transcript/index.ts";
import { ChangesLink } from "./changes-link.tsx";
import { ReadOnlyNote } from "./read-only-note.tsx";
import { SessionHeader } from "./session-header.tsx";
import { TurnBar } from "./turn-bar.tsx";

const ChangesPanel = lazy(async () => ({ default: (await import("../changes/index.ts")).ChangesPanel }));

type SessionRoute = Extract<Route, { at: "session" | "changes" }>;

/** One session: what was said, what runs, and the place to say more; beside it, when they are wanted, its changes. */
export function SessionView({ route }: { route: SessionRoute }) {
  const { live, view } = useLiveSession(route.sessionId);
  const { session } = view.state;
  const isBeside = route.at === "changes" && session !== undefined;
  return (
    <div className="relative flex min-h-0 min-w-0 flex-1">
      {/* Behind the panel where there is no room for both: unseen, but in its place and at its scroll. */}
      <div className={classes("flex min-h-0 min-w-0 flex-1 flex-col", isBeside && "max-lg:invisible")}>
        <SessionBody
          live={live}
          view={view}
          message={route.at === "session" ? route.message : undefined}
          tools={session === undefined ? undefined : <ChangesLink session={session} isOpen={isBeside} />}
        />
      </div>
      {isBeside && (
        <div className="absolute inset-0 flex min-w-0 lg:static lg:w-[54%] lg:max-w-4xl lg:border-l lg:border-line">
          <Suspense fallback={<Opening />}>
            <Beside session={session} />
          </Suspense>
        </div>
      )}
    </div>
  );
}

function Beside({ session }: { session: Pick<Session, "id" | "workspaceId"> }) {
  // Once the session can be seen again: what leads here gets the focus that the panel had.
  useEffect(
    () => () => {
      setTimeout(() => {
        if (document.activeElement === document.body)
          document.querySelector<HTMLElement>("[data-changes-link]")?.focus({ preventScroll: true });
      });
    },
    [],
  );
  const close = () => navigate({ at: "session", sessionId: session.id });
  return <ChangesPanel session={session} onClose={close} />;
}

function Opening() {
  return (
    <div className="flex-1 bg-surface p-4">
      <Skeleton lines={6} label="Reading the changes" />
    </div>
  );
}

type SessionBodyProps = {
  live: History;
  view: LiveView;
  message: string | undefined;
  /** More for the header. */
  tools?: ReactNode;
};

/** A session in whatever state it is. */
export function SessionBody({ live, view, message, tools }: SessionBodyProps) {
  const comments = useComments(useClient(), live.id, view.state.comments);
  const notes = useMemo(() => notesOf(comments), [comments]);
  if (view.phase === "missing")
    return (
      <Empty title="This session is not here">It was deleted, or the address is of another server.</Empty>
    );
  if (view.phase === "failed") return <Empty title="This session could not be read">{view.error}</Empty>;
  if (view.phase === "loading")
    return (
      <div className="mx-auto w-full max-w-3xl p-6">
        <Skeleton lines={6} label="Loading the session" />
      </div>
    );
  const { session } = view.state;
  return (
    <>
      <SessionHeader state={view.state} tools={tools} />
      <Transcript live={live} view={view} message={message} notes={notes} />
      <TurnBar state={view.state} />
      {session?.mirrors === undefined ? (
        <Composer sessionId={live.id} state={view.state} />
      ) : (
        <ReadOnlyNote session={session} />
      )}
    </>
  );
}

/** What people who were let in said below messages. */
function notesOf(comments: readonly SessionComment[]): Notes {
  const notes = Map.groupBy(comments, ({ on }) => on as string);
  return {
    get: (messageId) =>
      notes.get(messageId)?.map(({ id, actor, text, time }) => ({
        key: id,
        note: <CommentNote by={actor.label} text={text} time={time.created} />,
      })),
  };
}
