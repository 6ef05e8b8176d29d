import { ERROR_CODES } from "@holdfast/protocol";
import type { SendError } from "../store/index.ts";
import type { CallStep } from "./sender-state.ts";
import type { ShareAnswer } from "./share-transport.ts";

type At = { now: number; step: Pick<CallStep, "do"> };

/** The held grant is dead, and not because the service forgot it. */
export const refError = ({ now }: Pick<At, "now">): SendError => ({
  code: "REF_NOT_VALID",
  message:
    "The service does not accept this publisher any more: its refs were renewed elsewhere. Adopt the share to go on.",
  time: now,
});

/** Nobody confirmed a revocation for as long as it is tried (S-2). */
export const givenUp = ({ now }: Pick<At, "now">): SendError => ({
  code: "REVOKE_GIVEN_UP",
  message:
    "The service did not confirm for a year that the share is taken back, and is not asked any more. Take it back once more to try again.",
  time: now,
});

/** In our own words: what a service says is never shown (S-21). */
export function errorOf({ now, step }: At, answer: ShareAnswer<unknown>): SendError {
  switch (answer.outcome) {
    case "refused":
      return { code: answer.code, message: `${ERROR_CODES[answer.code].title}.`, time: now };
    case "unknown":
      return { code: "NO_ANSWER", message: `The service did not answer (${step.do}).`, time: now };
    case "missing":
      return { code: "NO_SERVICE", message: "At this address is no share service.", time: now };
    case "answered":
      return {
        code: "STRANGE_ANSWER",
        message: "The service answered what fits nothing that was sent.",
        time: now,
      };
  }
}
