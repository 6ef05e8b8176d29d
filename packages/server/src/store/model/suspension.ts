/** The usage limits that a session waits for, of each agent the last one. Pure. */
import { limitsAt, type Session, type UsageLimit } from "@holdfast/protocol";

type Suspended = Session["suspended"];

/** With another limit of that agent in place of the one before, or with none. */
export function suspendedBy(before: Suspended, agent: string, until?: number): Suspended {
  const others = limitsAt({ suspended: before }, 0).filter((limit) => limit.agent !== agent);
  const limits = until === undefined ? others : [{ agent, until }, ...others];
  const [last, ...also] = limits.map(({ agent, until }): UsageLimit => ({ agent, until }));
  return last && (also.length === 0 ? last : { ...last, also });
}
