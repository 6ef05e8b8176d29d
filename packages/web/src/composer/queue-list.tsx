import { type Input, isMentioned, type Session } from "@holdfast/protocol";
import { ArrowDown, ArrowUp, Pencil, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Chip, IconButton, Notice } from "../design/index.ts";

type QueueProps = { queue: Input[]; session: Pick<Session, "id" | "queue"> | undefined };

/** What waits for its turn: in order, each to be changed, moved or taken out until it starts. */
export function QueueList({ queue, session }: QueueProps) {
  const client = useClient();
  const [error, setError] = useState<string | undefined>();
  const tell = (problem: unknown) => setError(problem instanceof Error ? problem.message : String(problem));
  if (queue.length === 0 || session === undefined) return null;
  const move = (from: number, by: number) => {
    const ids = queue.map(({ id }) => id);
    const [moved] = ids.splice(from, 1);
    if (moved === undefined) return;
    ids.splice(from + by, 0, moved);
    client.reorderQueue(session.id, ids).catch(tell);
  };
  return (
    <section aria-label="Queue" className="overflow-hidden rounded-lg border border-line bg-canvas text-sm">
      <header className="flex min-h-9 items-center gap-2 px-3">
        <span className="font-medium">Next</span>
        <span className="text-ink-faint">{queue.length}</span>
        {session.queue.paused && <Chip tone="attention">Paused</Chip>}
        <div className="flex-1" />
        {session.queue.paused && (
          <Button size="small" onClick={() => void client.resumeQueue(session.id).catch(tell)}>
            <Play size={13} /> Go on
          </Button>
        )}
      </header>
      {error !== undefined && (
        <div className="px-2 pb-2">
          <Notice tone="danger" role="alert">
            {error}
          </Notice>
        </div>
      )}
      <ol className="scroll-area max-h-48">
        {queue.map((input, index) => (
          <QueuedInput
            key={input.id}
            input={input}
            isFirst={index === 0}
            isLast={index === queue.length - 1}
            onMove={(by) => move(index, by)}
            onError={tell}
          />
        ))}
      </ol>
    </section>
  );
}

const textOf = (input: Input): string =>
  input.parts
    .filter((part) => !isMentioned(part) && !(part.type === "text" && part.synthetic === true))
    .map((part) => (part.type === "text" ? part.text : `[${part.type}]`))
    .join(" ");

type QueuedProps = {
  input: Input;
  isFirst: boolean;
  isLast: boolean;
  onMove: (by: number) => void;
  onError: (error: unknown) => void;
};

function QueuedInput({ input, isFirst, isLast, onMove, onError }: QueuedProps) {
  const client = useClient();
  const [edited, setEdited] = useState<string | undefined>();
  const text = textOf(input);
  const save = async () => {
    if (edited === undefined) return;
    // What was mentioned is read anew from the new words.
    const others = input.parts.filter((part) => part.type !== "text" && !isMentioned(part));
    try {
      const parts = [{ type: "text" as const, text: edited }, ...others];
      await client.editInput(input.id, { parts, mentions: true });
      setEdited(undefined);
    } catch (error) {
      onError(error);
    }
  };
  if (edited !== undefined)
    return (
      <li className="flex flex-col gap-2 border-t border-line p-2">
        <textarea
          value={edited}
          rows={3}
          aria-label="Queued message"
          dir="auto"
          autoFocus
          onChange={(event) => setEdited(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setEdited(undefined);
            if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) void save();
          }}
          className="w-full resize-y rounded-md border border-line-strong bg-surface p-2 pointer-coarse:text-[1rem]"
        />
        <div className="flex gap-2">
          <Button size="small" tone="primary" disabled={edited.trim() === ""} onClick={() => void save()}>
            Save
          </Button>
          <Button size="small" tone="quiet" onClick={() => setEdited(undefined)}>
            Cancel
          </Button>
        </div>
      </li>
    );
  return (
    <li className="flex items-center gap-0.5 border-t border-line py-0.5 pr-1 pl-3">
      <span dir="auto" className="min-w-0 flex-1 truncate" title={text}>
        {text}
      </span>
      <IconButton label="Move up" disabled={isFirst} onClick={() => onMove(-1)}>
        <ArrowUp size={14} />
      </IconButton>
      <IconButton label="Move down" disabled={isLast} onClick={() => onMove(1)}>
        <ArrowDown size={14} />
      </IconButton>
      <IconButton label="Edit" onClick={() => setEdited(text)}>
        <Pencil size={14} />
      </IconButton>
      <IconButton label="Remove" onClick={() => void client.removeInput(input.id).catch(onError)}>
        <Trash2 size={14} />
      </IconButton>
    </li>
  );
}
