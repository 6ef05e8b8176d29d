import { ChevronLeft, ChevronRight, Pause, Play } from "lucide-react";
import { type KeyboardEvent, useMemo } from "react";
import { classes, IconButton, moment } from "../design/index.ts";
import { marksOf } from "./marks.ts";
import type { Step, StepKind } from "./step.ts";
import { type Speed, SPEEDS, type usePlay } from "./use-play.ts";

const MARK_TONES: Partial<Record<StepKind, string>> = {
  asked: "bg-line-strong",
  request: "bg-attention",
  aborted: "bg-attention",
  failed: "bg-danger",
};

type Props = {
  steps: readonly Step[];
  index: number;
  play: ReturnType<typeof usePlay>;
  /** Steps may still come before this one is final. */
  isReading: boolean;
  onGo: (index: number) => void;
};

/** The steps of a session under the hand: a slider, its neighbours, and play. */
export function Scrubber({ steps, index, play, isReading, onGo }: Props) {
  const step = steps[index];
  const last = steps.length - 1;
  const go = (to: number) => {
    play.stop();
    onGo(Math.max(0, Math.min(last, to)));
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== " ") return;
    event.preventDefault();
    play.toggle();
  };
  const place = `${index + 1} of ${steps.length}`;
  return (
    <section aria-label="Timeline" className="shrink-0 border-t border-line bg-canvas px-4 pt-2 pb-3">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-1">
        <p
          aria-live={play.isPlaying ? "polite" : "off"}
          className="flex min-w-0 items-baseline gap-2 text-sm"
        >
          <span className="shrink-0 text-xs text-ink-faint tabular-nums">
            {place}
            {isReading && " …"}
          </span>
          <bdi dir="auto" className="min-w-0 flex-1 truncate font-medium">
            {step?.label}
          </bdi>
          <time className="hidden shrink-0 text-xs text-ink-faint tabular-nums sm:inline">
            {step !== undefined && moment(step.time)}
          </time>
        </p>
        <div className="flex items-center gap-1">
          <IconButton label={play.isPlaying ? "Pause" : "Play"} onClick={play.toggle} disabled={last < 1}>
            {play.isPlaying ? <Pause size={17} /> : <Play size={17} />}
          </IconButton>
          <IconButton label="Earlier step" onClick={() => go(index - 1)} disabled={index <= 0}>
            <ChevronLeft size={17} />
          </IconButton>
          <div className="relative min-w-0 flex-1 pt-1.5">
            <Marks steps={steps} />
            <input
              type="range"
              autoFocus
              aria-label="Step"
              aria-valuetext={step === undefined ? "" : `Step ${place}: ${step.label}`}
              min={0}
              max={Math.max(0, last)}
              value={index}
              onChange={(event) => go(event.target.valueAsNumber)}
              onKeyDown={press}
              className="block h-5 w-full cursor-pointer rounded-full accent-accent pointer-coarse:h-11"
            />
          </div>
          <IconButton label="Later step" onClick={() => go(index + 1)} disabled={index >= last}>
            <ChevronRight size={17} />
          </IconButton>
          <select
            aria-label="Speed"
            value={play.speed}
            onChange={(event) => play.setSpeed(Number(event.target.value) as Speed)}
            className="h-8 rounded-md bg-transparent px-1 text-sm text-ink-soft hover:bg-hover pointer-coarse:h-11"
          >
            {SPEEDS.map((speed) => (
              <option key={speed} value={speed}>
                {speed}×
              </option>
            ))}
          </select>
        </div>
      </div>
    </section>
  );
}

/** Over the slider's way, which is as wide as the slider but for half a thumb at each end. */
function Marks({ steps }: { steps: readonly Step[] }) {
  const marks = useMemo(() => marksOf(steps), [steps]);
  return (
    <div aria-hidden className="pointer-events-none absolute inset-x-2 top-0 h-1">
      {marks.map(({ at, kind }) => (
        <span
          key={at}
          className={classes("absolute top-0 h-1 w-0.5 -translate-x-1/2 rounded-full", MARK_TONES[kind])}
          style={{ left: `${at * 100}%` }}
        />
      ))}
    </div>
  );
}
