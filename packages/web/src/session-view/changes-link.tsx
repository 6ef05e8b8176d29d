import type { Session } from "@holdfast/protocol";
import { FileDiff } from "lucide-react";
import { lazy, Suspense } from "react";
import { classes } from "../design/index.ts";
import { Link } from "../route/index.ts";

const PendingCount = lazy(async () => ({ default: (await import("../changes/index.ts")).PendingCount }));

type ChangesLinkProps = { session: Pick<Session, "id" | "workspaceId">; isOpen: boolean };

/** To the changes and back, with how many wait for a decision once that is known. */
export function ChangesLink({ session, isOpen }: ChangesLinkProps) {
  return (
    <Link
      to={{ at: isOpen ? "session" : "changes", sessionId: session.id }}
      data-changes-link
      aria-current={isOpen ? "page" : undefined}
      title="Changes (D)"
      className={classes(
        "relative inline-flex size-8 shrink-0 items-center justify-center rounded-md hover:bg-hover hover:text-ink pointer-coarse:size-11",
        isOpen ? "bg-selected text-ink" : "text-ink-soft",
      )}
    >
      <FileDiff size={16} />
      <span className="sr-only">Changes</span>
      <span className="absolute -top-1 -right-1.5">
        <Suspense>
          <PendingCount workspaceId={session.workspaceId} />
        </Suspense>
      </span>
    </Link>
  );
}
