import { useState } from "react";
import { AgentList, LookAgain } from "../agents/index.ts";
import { prefer, preferences, useApp, useClient, useLibrary } from "../data/index.ts";
import { Button, Notice, Skeleton } from "../design/index.ts";
import { navigate, type Route } from "../route/index.ts";

const REHEARSAL = "rehearsal";

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
        <NewSession given={route.at === "new" ? route.directory : undefined} />
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

const FIELD =
  "h-9 w-full rounded-md border border-line-strong bg-surface px-2.5 text-sm focus:border-accent pointer-coarse:h-11 pointer-coarse:text-[1rem]";

function NewSession({ given }: { given: string | undefined }) {
  const client = useClient();
  const { library } = useApp();
  const { agents, sessions } = useLibrary();
  const { lastDirectory, lastAgent } = preferences.get();
  const [directory, setDirectory] = useState(given ?? lastDirectory ?? "");
  const [agent, setAgent] = useState(lastAgent ?? REHEARSAL);
  const [isMaking, setMaking] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const directories = [...new Set([...sessions.values()].map((session) => session.directory))];
  const make = async (event: { preventDefault(): void }) => {
    event.preventDefault();
    setMaking(true);
    setProblem(undefined);
    try {
      const session = await client.createSession({ directory: directory.trim(), agent });
      prefer({ lastDirectory: session.directory, lastAgent: agent });
      library.put(session);
      navigate({ at: "session", sessionId: session.id });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setMaking(false);
    }
  };
  return (
    <form onSubmit={(event) => void make(event)} className="flex flex-col gap-4">
      <label className="flex flex-col gap-1.5 text-sm font-medium">
        Directory
        <input
          value={directory}
          onChange={(event) => setDirectory(event.target.value)}
          list="known-directories"
          required
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          placeholder="/home/you/project"
          className={`${FIELD} font-mono`}
        />
        <datalist id="known-directories">
          {directories.map((known) => (
            <option key={known} value={known} />
          ))}
        </datalist>
      </label>
      <label className="flex flex-col gap-1.5 text-sm font-medium">
        Agent
        <select value={agent} onChange={(event) => setAgent(event.target.value)} className={FIELD}>
          {(agents ?? []).map((known) => (
            <option key={known.id} value={known.id} disabled={!known.available}>
              {known.name}
              {known.id === REHEARSAL ? " (practice, needs no key)" : ""}
              {known.available ? "" : " (not here)"}
            </option>
          ))}
        </select>
      </label>
      {agent === REHEARSAL && (
        <p className="text-sm text-ink-soft">
          The rehearsal agent obeys lines such as <code className="font-mono">SAY hello</code>,{" "}
          <code className="font-mono">READ README.md</code> or <code className="font-mono">SLOW 50 100</code>.
        </p>
      )}
      {problem !== undefined && (
        <Notice tone="danger" role="alert">
          {problem}
        </Notice>
      )}
      <Button
        type="submit"
        tone="primary"
        className="self-start"
        disabled={isMaking || directory.trim() === ""}
      >
        {isMaking ? "Starting" : "Start the session"}
      </Button>
    </form>
  );
}
