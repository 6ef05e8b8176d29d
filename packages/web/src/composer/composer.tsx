import { newIdempotencyKey, queueOf, type SessionState } from "@holdfast/client";
import { type Delivery, visibleText } from "@holdfast/protocol";
import { ArrowUp, ListPlus, Paperclip, Square, X, Zap } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { preferences, useClient, useStore } from "../data/index.ts";
import { Button, Exact, IconButton, Notice } from "../design/index.ts";
import { AgentPicker } from "./agent-picker.tsx";
import { attach } from "./attach.ts";
import { isBlank, withReturned } from "./draft.ts";
import type { Outgoing } from "./outbox.ts";
import { OutgoingList } from "./outgoing-list.tsx";
import { QueueList } from "./queue-list.tsx";
import { Suggestions, useSuggestions } from "./suggestions.tsx";
import { useDraft } from "./use-draft.ts";
import { useQueueShown } from "./use-late.ts";
import { useOutbox } from "./use-outbox.ts";
import { useSteer } from "./use-steer.ts";

/** Where a person says what they want: with the queue above, so that nothing that waits is out of sight. */
export function Composer({ sessionId, state }: { sessionId: string; state: SessionState }) {
  const [draft, change] = useDraft(sessionId);
  const { outbox, items } = useOutbox(sessionId);
  const [note, setNote] = useState<{ tone: "danger" | "neutral"; text: string } | undefined>();
  const sendWith = useStore(preferences, (value) => value.sendWith);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const suggestions = useSuggestions(state, draft.text, field, (text) => change((now) => ({ ...now, text })));
  const running = Object.values(state.turns).find(
    ({ state: turn }) => turn === "running" || turn === "finalizing",
  );
  const queue = queueOf(state);
  const isQueueShown = useQueueShown(queue.length > 0, running !== undefined);
  const isBusy = running !== undefined || isQueueShown;
  const isEmpty = isBlank(draft);
  const steer = useSteer(state.session, running);

  useGrowingField(field, draft.text);
  useEffect(() => field.current?.focus({ preventScroll: true }), [sessionId]);

  const send = (delivery: Delivery, stops?: string) => {
    if (isBlank(draft)) return;
    const sent = { ...draft, delivery, mentions: true, key: newIdempotencyKey(), at: Date.now() };
    outbox.put(stops === undefined ? sent : { ...sent, stops });
    change(() => ({ text: "", files: [] }));
    setNote(undefined);
    field.current?.focus();
  };
  const takeBack = (item: Outgoing) => {
    outbox.takeBack(item.key);
    change((now) => withReturned(now, item));
  };
  useEffect(() => {
    for (const item of items) {
      if (item.state !== "refused") continue;
      outbox.takeBack(item.key);
      change((now) => withReturned(now, item));
      setNote({ tone: "danger", text: item.problem ?? "It was refused." });
    }
  }, [items, outbox, change]);
  useEffect(
    () =>
      outbox.listen((input) => {
        if (input.requestedDelivery === "steer" && input.delivery === "queue")
          setNote({ tone: "neutral", text: "This agent takes no messages during a turn. Yours is queued." });
      }),
    [outbox],
  );

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (suggestions.onKeyDown(event)) return;
    if (event.key !== "Enter") return;
    const hasMod = event.metaKey || event.ctrlKey;
    const isSend = sendWith === "enter" ? !event.shiftKey && !event.altKey : hasMod;
    if (!isSend) return;
    event.preventDefault();
    send("queue");
  };

  const addFiles = async (files: Iterable<File>) => {
    const { attached, refused } = await attach(files, draft.files);
    if (attached.length > 0) change((now) => ({ ...now, files: [...now.files, ...attached] }));
    if (refused.length > 0) setNote({ tone: "danger", text: refused.join(" ") });
  };

  // What waits stands outside of the section: it comes and goes, and the field stays where it is.
  return (
    <>
      <div className="mx-auto flex w-full max-w-3xl shrink-0 flex-col gap-2 px-4 pb-2 empty:hidden">
        {isQueueShown && <QueueList queue={queue} session={state.session} />}
        <OutgoingList items={items} onRetry={() => outbox.retry()} onTakeBack={takeBack} />
        {note !== undefined && (
          <Notice
            tone={note.tone}
            role={note.tone === "danger" ? "alert" : "status"}
            action={
              <IconButton label="Close" onClick={() => setNote(undefined)}>
                <X size={14} />
              </IconButton>
            }
          >
            {note.text}
          </Notice>
        )}
      </div>
      <section
        aria-label="Composer"
        aria-busy={items.length > 0}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void addFiles(event.dataTransfer.files);
        }}
        className="mx-auto flex w-full max-w-3xl shrink-0 flex-col gap-2 px-4 pb-3"
      >
        <div className="relative rounded-lg border border-line-strong bg-surface shadow-sm focus-within:border-accent">
          <Suggestions {...suggestions} />
          {draft.files.length > 0 && (
            <ul className="flex flex-wrap gap-2 px-3 pt-2">
              {draft.files.map((file, index) => (
                <li
                  key={`${file.name} ${index}`}
                  className="flex items-center gap-1 rounded-md bg-sunken pl-2 text-sm"
                >
                  {file.mime.startsWith("image/") && (
                    <img src={file.url} alt="" className="size-6 rounded-sm object-cover" />
                  )}
                  <Exact text={file.name} as="words" className="max-w-40 truncate" />
                  <IconButton
                    label={`Take ${visibleText(file.name, "words")} out`}
                    onClick={() =>
                      change((now) => ({ ...now, files: now.files.filter((other) => other !== file) }))
                    }
                  >
                    <X size={14} />
                  </IconButton>
                </li>
              ))}
            </ul>
          )}
          <textarea
            ref={field}
            value={draft.text}
            rows={1}
            aria-label="Message"
            dir="auto"
            placeholder={isBusy ? "Say what comes next" : "Say what you want done"}
            onChange={(event) => change((now) => ({ ...now, text: event.target.value }))}
            onKeyDown={onKeyDown}
            onPaste={(event) => {
              if (event.clipboardData.files.length === 0) return;
              event.preventDefault();
              void addFiles(event.clipboardData.files);
            }}
            {...suggestions.fieldProps}
            className="block max-h-[40dvh] min-h-11 w-full resize-none bg-transparent px-3.5 pt-2.5 pb-1 outline-none placeholder:text-ink-faint pointer-coarse:text-[1rem]"
          />
          <div className="flex items-center gap-1 px-2 pb-2">
            <AgentPicker state={state} isBusy={isBusy} />
            <IconButton label="Attach files" onClick={() => picker.current?.click()}>
              <Paperclip size={16} />
            </IconButton>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              aria-hidden
              tabIndex={-1}
              onChange={(event) => {
                void addFiles(event.target.files ?? []);
                event.target.value = "";
              }}
            />
            <div className="flex-1" />
            {isBusy ? (
              <>
                {running !== undefined && steer === "steer" && (
                  <Button size="small" disabled={isEmpty} onClick={() => send("steer")}>
                    <Zap size={14} /> <span className="max-sm:sr-only">Steer</span>
                  </Button>
                )}
                {running !== undefined && steer === "stop" && (
                  <Button size="small" disabled={isEmpty} onClick={() => send("queue", running.id)}>
                    <Zap size={14} /> <span className="max-sm:sr-only">Stop and send now</span>
                  </Button>
                )}
                <Button size="small" tone="primary" disabled={isEmpty} onClick={() => send("queue")}>
                  <ListPlus size={14} /> <span className="max-sm:sr-only">Queue</span>
                </Button>
              </>
            ) : (
              <Button size="small" tone="primary" disabled={isEmpty} onClick={() => send("queue")}>
                <ArrowUp size={14} /> Send
              </Button>
            )}
            {running !== undefined && (
              <StopButton turnId={running.id} isStopping={running.stopping !== undefined} />
            )}
          </div>
        </div>
      </section>
    </>
  );
}

function StopButton({ turnId, isStopping }: { turnId: string; isStopping: boolean }) {
  const client = useClient();
  const [isAsked, setAsked] = useState(false);
  useEffect(() => setAsked(false), [turnId]);
  const stop = () => {
    setAsked(true);
    client.cancelTurn(turnId).catch(() => setAsked(false));
  };
  return (
    <Button size="small" tone="danger" disabled={isStopping || isAsked} onClick={stop}>
      <Square size={13} />{" "}
      <span className="max-sm:sr-only">{isStopping || isAsked ? "Stopping" : "Stop"}</span>
    </Button>
  );
}

/** The field is as high as what is in it, up to its maximum. */
function useGrowingField(field: { current: HTMLTextAreaElement | null }, text: string): void {
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}
