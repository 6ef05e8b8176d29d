import { newIdempotencyKey } from "@holdfast/client";
import type { Change, ChangeOperation, CommentChange } from "@holdfast/protocol";
import { useMemo, useState } from "react";
import { useClient } from "../data/index.ts";
import type { ChangesStore } from "./changes-store.ts";
import { type Outcome, refusalOf, type Taking } from "./outcome.ts";
import { TAKE_WORDS } from "./words.ts";

/** What can be done with the changes of a workspace, and what came of the last act. */
export type Review = {
  isBusy: boolean;
  outcome: Outcome | undefined;
  take: (asked: Taking) => void;
  undo: (operationId: string) => void;
  markReviewed: (change: Change, reviewed: boolean) => void;
  /** Rejects with the reason. */
  comment: (comment: CommentChange) => Promise<void>;
  /** Rejects with the reason. */
  loadPatch: (id: string) => Promise<void>;
  operations: () => Promise<readonly ChangeOperation[]>;
  look: () => void;
  dismiss: () => void;
};

/** Acts on the server; one at a time. */
export function useReview(store: ChangesStore): Review {
  const client = useClient();
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | undefined>();
  const acts = useMemo(() => {
    const { workspaceId } = store;
    const act = async (asked: Taking | undefined, run: () => Promise<Outcome>) => {
      setBusy(true);
      try {
        setOutcome(await run());
      } catch (error) {
        setOutcome(refusalOf(error, asked));
        if (refusalOf(error, asked).kind === "stale") await store.look(false);
      } finally {
        setBusy(false);
      }
    };
    const take = (asked: Taking) =>
      void act(asked, async () => {
        const { verb, changes, onto } = asked;
        const options = { idempotencyKey: newIdempotencyKey() };
        const result =
          verb === "take"
            ? await client.applyChanges(
                workspaceId,
                { changes, ...(onto === undefined ? {} : { onto }) },
                options,
              )
            : await client.rejectChanges(workspaceId, { changes }, options);
        const action = result.changes[0]?.action ?? actionOf(store);
        store.put(result.changes, true);
        return {
          kind: "done",
          words: verb === "take" ? TAKE_WORDS[action].done : "Rejected",
          paths: result.applied,
          operationId: result.operationId,
        };
      });
    const undo = (operationId: string) =>
      void act(undefined, async () => {
        const result = await client.undoChanges(workspaceId, operationId);
        store.put(result.changes, true);
        return { kind: "undone", paths: result.applied };
      });
    // A mark holds nothing up: what is decided next need not wait for it.
    const markReviewed = ({ id, revision }: Change, reviewed: boolean) => {
      client.reviewChanges(workspaceId, { changes: [{ id, revision }], reviewed }).then(
        ({ items }) => store.put(items),
        (error: unknown) => setOutcome(refusalOf(error, undefined)),
      );
    };
    const comment = async (body: CommentChange) => {
      const { input } = await client.commentChange(workspaceId, body);
      setOutcome({ kind: "commented", sessionId: input.sessionId });
    };
    return {
      take,
      undo,
      markReviewed,
      comment,
      loadPatch: (id: string) => store.loadPatch(id),
      operations: async () => (await client.listChangeOperations(workspaceId)).items,
      look: () => void store.look(true),
      dismiss: () => setOutcome(undefined),
    };
  }, [client, store]);
  return { ...acts, isBusy, outcome };
}

/** Every change of a workspace is taken over in the same way. */
function actionOf(store: ChangesStore): Change["action"] {
  const [first] = store.view.get().state.changes.values();
  return first?.action ?? "accept";
}
