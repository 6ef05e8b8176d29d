import type { HoldfastClient } from "@holdfast/client";
import type { SessionComment } from "@holdfast/protocol";
import { useEffect, useMemo, useState } from "react";

/** Comments that are read of one session; later ones come by its events. */
const MOST = 200;

/** The comments of a session, the oldest first: those of before, and those that its events told of. */
export function useComments(
  client: Pick<HoldfastClient, "listComments">,
  sessionId: string,
  told: readonly SessionComment[],
): readonly SessionComment[] {
  const [read, setRead] = useState<readonly SessionComment[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    client.listComments(sessionId, { limit: MOST }, { signal: stop.signal }).then(
      ({ items }) => setRead(items),
      // They are beside the session: without them it is shown as it is.
      () => undefined,
    );
    return () => stop.abort();
  }, [client, sessionId]);
  return useMemo(() => {
    const all = new Map([...read, ...told].map((comment) => [comment.id, comment]));
    return [...all.values()].toSorted((one, other) => one.time.created - other.time.created);
  }, [read, told]);
}
