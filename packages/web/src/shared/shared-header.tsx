import type { SharedState } from "@holdfast/client";
import { Radio } from "lucide-react";
import type { ReactNode } from "react";
import { Chip, Exact, dateTime } from "../design/index.ts";

type SharedHeaderProps = Pick<SharedState, "session" | "models" | "usage" | "expiresAt"> & {
  canComment?: boolean;
  children?: ReactNode;
};

/** Whose agents did what here, and that it is a copy for readers. */
export function SharedHeader({
  session,
  models,
  usage,
  expiresAt,
  canComment = false,
  children,
}: SharedHeaderProps) {
  const facts = [
    session?.agent,
    models.map(({ modelId }) => modelId).join(", "),
    session === undefined ? undefined : dateTime(session.time.updated),
    usage?.tokens?.output === undefined ? undefined : `${usage.tokens.output.toLocaleString()} tokens out`,
    usage?.cost === undefined ? undefined : `$${usage.cost.toFixed(2)}`,
    expiresAt === undefined ? undefined : `until ${dateTime(expiresAt)}`,
  ].filter((fact) => fact !== undefined && fact !== "");
  return (
    <header className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-surface px-4 py-2">
      <div className="min-w-0 flex-1 basis-64">
        <h1 className="text-base font-semibold">
          <Exact text={session?.title ?? "Shared session"} as="words" className="break-words" />
        </h1>
        <p className="text-xs break-words text-ink-soft">{facts.join(" · ")}</p>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        {session !== undefined && session.status !== "idle" && (
          <Chip tone="busy">
            <Radio size={12} /> at work
          </Chip>
        )}
        <Chip>{canComment ? "shared, to read and comment" : "shared, read only"}</Chip>
        {children}
      </div>
    </header>
  );
}
