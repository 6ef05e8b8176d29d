import type { MessageInfo } from "@holdfast/protocol";
import { moment } from "../design/index.ts";

/** Stands where nobody asked for what follows, or what stands above it. */
export function OwnWorkLine({ info }: { info: MessageInfo }) {
  return (
    <p className="pt-4 pb-1 text-center text-xs text-ink-soft" title={moment(info.time.created)}>
      {info.agent} went on by itself: a background task had ended
    </p>
  );
}
