/** Two signals within this time are one: a Ctrl-C reaches the program twice through npm (D-21, I-11). In ms. */
const SAME_SIGNAL_MS = 500;

/** Calls `stop` at the first Ctrl-C and `leave` at one more than 500 ms after it (I-11). Answers the way to stop listening. */
export function onInterrupt(stop: () => void, leave: () => void): () => void {
  const presses = createPresses(stop, leave);
  const listener = () => presses.press();
  process.on("SIGINT", listener);
  return () => void process.off("SIGINT", listener);
}

/** The same for presses that come from elsewhere, as a terminal in raw mode gives them; after `forget` the next one is the first again. */
export function createPresses(stop: () => void, leave: () => void): { press(): void; forget(): void } {
  let since: number | undefined;
  return {
    press() {
      if (since === undefined) {
        since = performance.now();
        stop();
      } else if (performance.now() - since > SAME_SIGNAL_MS) {
        leave();
      }
    },
    forget: () => (since = undefined),
  };
}
