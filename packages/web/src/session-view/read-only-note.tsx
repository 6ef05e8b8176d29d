import type { Session } from "@holdfast/protocol";
import { CornerUpLeft } from "lucide-react";
import { Notice } from "../design/index.ts";
import { Link } from "../route/index.ts";

/** In the place of the composer, where an agent works by itself and nobody can say anything. */
export function ReadOnlyNote({ session }: { session: Pick<Session, "parentId"> }) {
  return (
    <div className="mx-auto w-full max-w-3xl shrink-0 px-4 pb-4">
      <Notice role="status" icon={<CornerUpLeft size={16} />}>
        The agent made this session by itself for a part of its work.{" "}
        {session.parentId === undefined ? (
          "It can only be read."
        ) : (
          <Link
            to={{ at: "session", sessionId: session.parentId }}
            className="text-accent underline-offset-2 hover:underline"
          >
            Say more, or stop it, in the session above
          </Link>
        )}
      </Notice>
    </div>
  );
}
