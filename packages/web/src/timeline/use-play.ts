import { useEffect, useState } from "react";

/** How long a step stands at speed 1, in ms: about ten words. */
export const STEP_MS = 1_600;
/** The shortest a step may stand for people who asked for less motion, in ms. */
const CALM_MS = 3_000;
export const SPEEDS = [1, 2, 4] as const;
export type Speed = (typeof SPEEDS)[number];

/** How long a step stands, in ms. */
export const standsFor = (speed: Speed, isCalm: boolean): number =>
  Math.max(isCalm ? CALM_MS : 0, STEP_MS / speed);

type Play = {
  isPlaying: boolean;
  speed: Speed;
  setSpeed: (speed: Speed) => void;
  toggle: () => void;
  stop: () => void;
};

/** Goes on to the next step by itself until the last; from the last it begins again. It rests while nobody sees the page. */
export function usePlay(index: number, count: number, go: (index: number) => void): Play {
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<Speed>(1);
  useEffect(() => {
    if (!isPlaying) return;
    const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const timer = setTimeout(
      () => {
        if (document.hidden || index >= count - 1) setPlaying(false);
        else go(index + 1);
      },
      standsFor(speed, isCalm),
    );
    return () => clearTimeout(timer);
  }, [isPlaying, speed, index, count, go]);
  const toggle = () => {
    if (!isPlaying && index >= count - 1) go(0);
    setPlaying(!isPlaying && count > 1);
  };
  return { isPlaying, speed, setSpeed, toggle, stop: () => setPlaying(false) };
}
