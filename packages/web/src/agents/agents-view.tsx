import { useEffect, useState } from "react";
import { useApp } from "../data/index.ts";
import { classes } from "../design/index.ts";
import { KnownAgents } from "./known-agents.tsx";
import { LiveNow } from "./live-now.tsx";
import { LookAgain } from "./look-again.tsx";

const LISTS = { live: "Live now", known: "All agents" } as const;

/** What runs on the server now, or which agents there are. One at a time: what comes and goes must not push what is being read. */
export function AgentsView() {
  const { library } = useApp();
  const [shown, setShown] = useState<keyof typeof LISTS>("live");
  useEffect(() => void library.refreshAgents().catch(() => undefined), [library]);
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-2xl flex-col gap-4 px-4 py-5">
        <h1 className="text-lg font-semibold">Agents</h1>
        {/* Below the heading, over which the line of a lost connection lies. */}
        <div className="flex items-center gap-2">
          <div role="group" aria-label="Which list" className="flex rounded-md bg-sunken p-0.5 text-sm">
            {(Object.keys(LISTS) as (keyof typeof LISTS)[]).map((name) => (
              <button
                key={name}
                type="button"
                aria-pressed={shown === name}
                onClick={() => setShown(name)}
                className={classes(
                  "h-7 rounded-sm px-3 pointer-coarse:h-11",
                  shown === name ? "bg-surface text-ink shadow-sm" : "text-ink-soft hover:text-ink",
                )}
              >
                {LISTS[name]}
              </button>
            ))}
          </div>
          <div className="flex-1" />
          {shown === "known" && <LookAgain />}
        </div>
        <section aria-label={LISTS[shown]} className="flex flex-col gap-4">
          {shown === "live" ? <LiveNow /> : <KnownAgents />}
        </section>
      </div>
    </div>
  );
}
