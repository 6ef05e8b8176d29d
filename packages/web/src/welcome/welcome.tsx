import { AgentList, LookAgain } from "../agents/index.ts";
import { useLibrary } from "../data/index.ts";
import { Skeleton } from "../design/index.ts";
import type { Route } from "../route/index.ts";
import { NewSession } from "./new-session.tsx";

/** Where a session begins: a directory and an agent. On a first visit it also says what is here and offers an agent that needs no key. */
export function Welcome({ route }: { route: Extract<Route, { at: "home" | "new" }> }) {
  const { sessions, agents, phase } = useLibrary();
  const isFirst = phase === "ready" && sessions.size === 0;
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-2xl flex-col gap-8 px-4 py-10">
        <header className="flex flex-col gap-2">
          <h1 className="text-xl font-semibold">{isFirst ? "Welcome to Holdfast" : "New session"}</h1>
          <p className="min-h-18 text-ink-soft sm:min-h-12">
            {isFirst
              ? "A session here outlives its agent, the server and this page. Choose a directory and an agent; everything that is said is kept."
              : "Choose the directory to work in and the agent that works."}
          </p>
        </header>
        <NewSession
          key={route.at === "new" ? `${route.directory} ${route.workspace}` : ""}
          directory={route.at === "new" ? route.directory : undefined}
          workspace={route.at === "new" ? route.workspace : undefined}
        />
        <section aria-labelledby="agents" className="flex flex-col gap-3">
          <div className="flex items-center justify-between">
            <h2 id="agents" className="font-semibold">
              Agents on this machine
            </h2>
            <LookAgain />
          </div>
          {agents === undefined ? (
            <Skeleton lines={4} label="Looking for agents" />
          ) : (
            <AgentList agents={agents} />
          )}
        </section>
      </div>
    </div>
  );
}
