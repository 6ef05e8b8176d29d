import type { Change, Session } from "@holdfast/protocol";
import { useEffect } from "react";
import { useApp, useLibrary, useStore } from "../data/index.ts";
import { type ChangesStore, changesOf } from "./changes-store.ts";
import type { Addressee } from "./remark-form.tsx";
import { ReviewPanel } from "./review-panel.tsx";
import { useReview } from "./use-review.ts";

type ChangesPanelProps = { session: Pick<Session, "id" | "workspaceId">; onClose: () => void };

/** The changes of the workspace that a session works in, beside it. */
export function ChangesPanel({ session, onClose }: ChangesPanelProps) {
  const app = useApp();
  const store = changesOf(app, session.workspaceId);
  return <OfStore key={session.workspaceId} store={store} session={session} onClose={onClose} />;
}

function OfStore({ store, session, onClose }: ChangesPanelProps & { store: ChangesStore }) {
  const view = useStore(store.view);
  const review = useReview(store);
  const { sessions, archived, agents } = useLibrary();
  useEffect(() => store.follow(), [store]);
  const isWorking = [...sessions.values()].some(
    ({ workspaceId, status }) => workspaceId === store.workspaceId && status !== "idle",
  );
  const titleOf = (id: string) => (sessions.get(id) ?? archived?.get(id))?.title;
  const addresseesOf = ({ contributions }: Change): Addressee[] => {
    const newestFirst = contributions.toSorted((a, b) => b.time - a.time);
    const ids = [...newestFirst.flatMap(({ sessionId }) => sessionId ?? []), session.id];
    return [...new Set(ids)].map((id) => ({
      sessionId: id,
      title: titleOf(id) ?? "another session",
    }));
  };
  return (
    <ReviewPanel
      view={view}
      review={review}
      isWorking={isWorking}
      nameOf={(id) => agents?.find((agent) => agent.id === id)?.name ?? id}
      addresseesOf={addresseesOf}
      onClose={onClose}
    />
  );
}
