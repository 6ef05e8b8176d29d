import { isOpenChange } from "@holdfast/client";
import { useEffect } from "react";
import { useApp, useStore } from "../data/index.ts";
import { Count } from "../design/index.ts";
import { changesOf } from "./changes-store.ts";

/** How many changes of a workspace wait for a decision; nothing until it is known, and when there are none. */
export function PendingCount({ workspaceId }: { workspaceId: string }) {
  const app = useApp();
  const store = changesOf(app, workspaceId);
  const { state } = useStore(store.view);
  useEffect(() => store.follow(), [store]);
  const count = [...state.changes.values()].filter(isOpenChange).length;
  return count === 0 ? null : <Count value={count} tone="accent" label="pending" />;
}
