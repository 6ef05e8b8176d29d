import { useConnection, useLibrary } from "../data/index.ts";
import { Notice, Skeleton } from "../design/index.ts";
import { LookAgain } from "./agent-chooser.tsx";
import { AgentList } from "./agent-list.tsx";

/** What runs on the server now, and which agents there are. */
export function AgentsView() {
  const { agents } = useLibrary();
  const { state } = useConnection();
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-2xl flex-col gap-8 px-4 py-5">
        <h1 className="text-lg font-semibold">Agents</h1>
        <section aria-labelledby="known-agents" className="flex flex-col gap-3">
          <header className="flex items-center gap-2 border-b border-line pb-1">
            <h2 id="known-agents" className="flex-1 font-semibold">
              Agents of this server
            </h2>
            <LookAgain />
          </header>
          {state === "offline" && (
            <Notice tone="attention" role="status">
              No connection to the server: this is what was known before.
            </Notice>
          )}
          {agents === undefined ? (
            <Skeleton lines={6} label="Looking for agents" />
          ) : (
            <AgentList agents={agents} />
          )}
        </section>
      </div>
    </div>
  );
}
