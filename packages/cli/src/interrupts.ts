/** Two signals within this time are one: a Ctrl-C reaches the program twice through npm (D-21, I-11). In ms. */
const SAME_SIGNAL_MS = 500;

/** Calls `stop` at the first Ctrl-C and `leave` at one more than 500 ms after it (I-11). Answers the way to stop listening. */
export function onInterrupt(stop: () => void, leave: () => void): () => void {
  let since: number | undefined;
  const listener = () => {
    if (since === undefined) {
      since = performance.now();
      stop();
    } else if (performance.now() - since > SAME_SIGNAL_MS) {
      leave();
    }
  };
  process.on("SIGINT", listener);
  return () => void process.off("SIGINT", listener);
}
