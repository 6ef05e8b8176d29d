import { Composer } from "../composer/index.ts";
import { type LiveView, useLiveSession } from "../data/index.ts";
import { Empty, Skeleton } from "../design/index.ts";
import type { Route } from "../route/index.ts";
import { type History, Transcript } from "../transcript/index.ts";
import { SessionHeader } from "./session-header.tsx";
import { TurnBar } from "./turn-bar.tsx";

/** One session: what was said, what runs, and the place to say more. */
export function SessionView({ route }: { route: Extract<Route, { at: "session" }> }) {
  const { live, view } = useLiveSession(route.sessionId);
  return <SessionBody live={live} view={view} message={route.message} />;
}

/** A session in whatever state it is. */
export function SessionBody(props: { live: History; view: LiveView; message: string | undefined }) {
  const { live, view, message } = props;
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
  return (
    <>
      <SessionHeader state={view.state} />
      <Transcript live={live} view={view} message={message} />
      <TurnBar state={view.state} />
      <Composer sessionId={live.id} state={view.state} />
    </>
  );
}
