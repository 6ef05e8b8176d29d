import { hasPausedQueue } from "@holdfast/protocol";
import { CheckCheck, Pause } from "lucide-react";
import { useLibrary } from "../data/index.ts";
import { Empty, Exact, Notice } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { PermissionCard } from "./permission-card.tsx";
import { QuestionCard } from "./question-card.tsx";
import { ResumeQueue } from "./resume-queue.tsx";

/** Everything that waits for somebody, over all sessions, the longest waiting first. */
export function InboxView() {
  const { permissions, questions, sessions, phase } = useLibrary();
  const paused = [...sessions.values()].filter(hasPausedQueue);
  const waiting = [
    ...[...permissions.values()].map((permission) => ({ kind: "permission" as const, item: permission })),
    ...[...questions.values()].map((question) => ({ kind: "question" as const, item: question })),
  ].toSorted((a, b) => a.item.time.asked - b.item.time.asked);
  if (phase === "ready" && waiting.length + paused.length === 0)
    return (
      <Empty icon={<CheckCheck size={28} />} title="Nothing waits for you">
        When an agent asks for a permission or has a question, or a queue is paused, it appears here, from
        every session.
      </Empty>
    );
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-3 px-4 py-5">
        <h1 className="text-lg font-semibold">Inbox</h1>
        {waiting.map((entry) => {
          const session = sessions.get(entry.item.sessionId);
          const place = (
            <Link
              to={{ at: "session", sessionId: entry.item.sessionId }}
              className="self-start text-ink-soft underline underline-offset-2"
            >
              <Exact text={session?.title ?? "Session"} as="words" /> · {entry.item.agent}
            </Link>
          );
          return entry.kind === "permission" ? (
            <PermissionCard key={entry.item.id} permission={entry.item} place={place} />
          ) : (
            <QuestionCard key={entry.item.id} question={entry.item} place={place} />
          );
        })}
        {paused.map(({ id, title, queue }) => (
          <Notice
            key={id}
            tone="attention"
            role="status"
            icon={<Pause size={16} className="text-attention" />}
            action={<ResumeQueue sessionId={id}>Go on</ResumeQueue>}
          >
            The queue of{" "}
            <Link to={{ at: "session", sessionId: id }} className="underline underline-offset-2">
              <Exact text={title} as="words" />
            </Link>{" "}
            is paused; {queue.length} {queue.length === 1 ? "message waits" : "messages wait"} in it.
          </Notice>
        ))}
      </div>
    </div>
  );
}
