import { Composer } from "../composer/index.ts";
import { useLiveSession } from "../data/index.ts";
import { Empty, Skeleton } from "../design/index.ts";
import type { Route } from "../route/index.ts";
import { Transcript } from "../transcript/index.ts";
import { SessionHeader } from "./session-header.tsx";
import { TurnBar } from "./turn-bar.tsx";

/** One session: what was said, what runs, and the place to say more. */
export function SessionView({ route }: { route: Extract<Route, { at: "session" }> }) {
  const { live, view } = useLiveSession(route.sessionId);
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
      <Transcript live={live} view={view} message={route.message} />
      <TurnBar state={view.state} />
      <Composer sessionId={route.sessionId} state={view.state} />
    </>
  );
}
