import { ArrowRight, History, ShieldQuestion } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLiveSession } from "../data/index.ts";
import { Arguments, Button, Empty, Exact, ExactText, Key, Notice, Skeleton } from "../design/index.ts";
import { currentRoute, navigate, type Route } from "../route/index.ts";
import { type History as MessageHistory, PastProvider, Transcript } from "../transcript/index.ts";
import type { Request } from "./event-kinds.ts";
import { Scrubber } from "./scrubber.tsx";
import { findStep } from "./step.ts";
import type { TimelineView } from "./timeline-reader.ts";
import { usePlay } from "./use-play.ts";
import { type Past, usePast, useTimelineReader } from "./use-timeline-reader.ts";

/** The address follows the step after this long, in ms: browsers refuse pages that change it all the time. */
const ADDRESS_MS = 250;

/** A session as it was at any of its steps, rebuilt from its log as it is stored. */
export function TimelineView({ route }: { route: Extract<Route, { at: "timeline" }> }) {
  const { sessionId } = route;
  const { reader, view } = useTimelineReader(sessionId);
  const { steps } = view;
  const [chosen, setChosen] = useChosen(route);
  const index = useMemo(
    () => (chosen === undefined ? steps.length - 1 : findStep(steps, chosen)),
    [steps, chosen],
  );
  const isThere =
    index >= 0 && (view.phase === "ready" || chosen !== undefined) && isReached(view, chosen, index);
  const step = isThere ? steps[index] : undefined;
  const { past, error } = usePast(reader, step);
  const go = useCallback((to: number) => setChosen(reader.view.steps[to]?.key), [reader, setChosen]);
  const play = usePlay(index, steps.length, go);
  useEscape(() => navigate({ at: "session", sessionId }));

  if (view.phase === "missing")
    return (
      <Empty title="This session is not here">It was deleted, or the address is of another server.</Empty>
    );
  if (view.phase === "failed") return <Empty title="The timeline could not be read">{view.error}</Empty>;
  return (
    <>
      <Banner sessionId={sessionId} view={view} past={past} error={error} />
      <PastTranscript sessionId={sessionId} view={view} past={past} />
      {past !== undefined && (
        <Scrubber steps={steps} index={index} play={play} isReading={view.phase === "reading"} onGo={go} />
      )}
    </>
  );
}

/** While the log is read, a number may still find a nearer step than it does now. */
function isReached(view: TimelineView, chosen: string | undefined, index: number): boolean {
  return view.phase === "ready" || view.steps[index]?.key === chosen;
}

/**
 * The step that was chosen, kept in the address; it follows the address when somebody goes back. What was written here itself is not followed: by
 * then a later step may be chosen.
 */
function useChosen({ sessionId, step }: Extract<Route, { at: "timeline" }>) {
  const [chosen, setChosen] = useState(step);
  const inAddress = useRef(step);
  useEffect(() => {
    if (step === inAddress.current) return;
    inAddress.current = step;
    setChosen(step);
  }, [step]);
  useEffect(() => {
    if (chosen === undefined) return;
    const timer = setTimeout(() => {
      if (currentRoute().at !== "timeline") return;
      inAddress.current = chosen;
      navigate({ at: "timeline", sessionId, step: chosen }, { replace: true });
    }, ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [sessionId, chosen]);
  return [chosen, setChosen] as const;
}

/** Escape goes back to now, unless something that is open takes it. */
function useEscape(leave: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]") !== null)
        return;
      leave();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
}

type BannerProps = {
  sessionId: string;
  view: TimelineView;
  past: Past | undefined;
  error: string | undefined;
};

function Banner({ sessionId, view, past, error }: BannerProps) {
  const { view: live } = useLiveSession(sessionId);
  const { session, turns } = live.state;
  const isWorking = Object.values(turns).some(({ state }) => state === "running");
  return (
    <header className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-attention/40 bg-attention-wash px-4 py-1.5 text-sm">
      <History size={16} className="shrink-0 text-attention" />
      <div className="min-w-0 flex-1 basis-40">
        <h1 className="truncate font-semibold">
          You look at the past
          {session !== undefined && (
            <span className="hidden sm:inline">
              {" "}
              of “<Exact text={session.title} as="words" />”
            </span>
          )}
        </h1>
        <p className="text-xs text-ink-soft">{error ?? notes(view, past)}</p>
      </div>
      <Button size="small" onClick={() => navigate({ at: "session", sessionId })}>
        {isWorking ? "Back to now, a turn runs" : "Back to now"} <ArrowRight size={14} />
        <span className="hidden sm:inline">
          <Key>Esc</Key>
        </span>
      </Button>
    </header>
  );
}

/** What the picture leaves out, said plainly. */
function notes(view: TimelineView, past: Past | undefined): string {
  const said = ["Texts are shown as they were stored in the end."];
  if ((past?.state.loadedFrom ?? 0) > 0) said.push("Older messages are at earlier steps.");
  if (view.dropped > 0) said.push(`${view.dropped.toLocaleString()} older steps are not shown.`);
  return said.join(" ");
}

function PastTranscript({ sessionId, view, past }: Omit<BannerProps, "error">) {
  const history = useMemo<MessageHistory>(
    () => ({ id: sessionId, loadOlder: () => Promise.resolve() }),
    [sessionId],
  );
  if (past === undefined) return <Waiting view={view} />;
  const requests = [...Object.values(past.state.permissions), ...Object.values(past.state.questions)];
  return (
    <PastProvider time={past.step.time}>
      <Transcript live={history} view={{ state: past.state, older: "none" }} message={undefined} />
      {requests.map((request) => (
        <RequestNote key={request.id} request={request} />
      ))}
    </PastProvider>
  );
}

function Waiting({ view }: { view: TimelineView }): ReactNode {
  const isEmpty = view.phase === "ready" && view.steps.length === 0;
  return (
    <div className="flex-1 overflow-auto">
      {isEmpty ? (
        <Empty title="Nothing happened yet">The timeline begins with the first message.</Empty>
      ) : (
        <Reading view={view} />
      )}
    </div>
  );
}

function Reading({ view }: { view: TimelineView }): ReactNode {
  const share = view.lastSeq === 0 ? 0 : Math.min(1, view.seq / view.lastSeq);
  return (
    <div className="mx-auto flex w-full max-w-3xl flex-col gap-4 p-6">
      <Notice role="status">
        Reading the log: {Math.round(share * 100)}% of {view.lastSeq.toLocaleString()} entries
      </Notice>
      <Skeleton lines={6} label="Loading the timeline" />
    </div>
  );
}

/** A request that waited at that time. It can be read, not answered. */
function RequestNote({ request }: { request: Request }) {
  return (
    <div className="mx-auto w-full max-w-3xl shrink-0 px-4 pb-2">
      <Notice tone="attention" icon={<ShieldQuestion size={16} className="text-attention" />}>
        <span className="font-medium">
          {"title" in request ? (
            <ExactText text={request.title} as={request.kind === "execute" ? "block" : "words"} />
          ) : (
            <ExactText text={request.message} as="words" />
          )}
        </span>
        {"args" in request && <Arguments args={request.args} />}
        <span className="block text-ink-soft">The agent waited for an answer.</span>
      </Notice>
    </div>
  );
}
