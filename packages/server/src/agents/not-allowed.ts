import type { NotAllowed } from "./port.ts";

/** What is said of a call that did not run though no person rejected it: on its part, and to an agent that takes words with a no. */
export const NOT_ALLOWED: Readonly<Record<NotAllowed, string>> = {
  denied: "Not allowed: the session's approval mode does not permit it.",
  expired: "Not allowed: nobody answered in time.",
  cancelled: "Not allowed: the turn was stopped before anybody answered.",
};
