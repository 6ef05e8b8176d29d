import {
  type Agent,
  type CreateSession,
  type Model,
  type Session,
  visibleText,
  type Workspace,
} from "@holdfast/protocol";
import { useEffect, useState } from "react";
import { prefer, preferences, useApp, useClient, useLibrary } from "../data/index.ts";
import { Button, Notice } from "../design/index.ts";
import { ModelPicker } from "../models/index.ts";
import { navigate } from "../route/index.ts";
import { StartChoice, type StartFrom } from "./start-choice.tsx";

const REHEARSAL = "rehearsal";

const FIELD =
  "h-9 w-full rounded-md border border-line-strong bg-surface px-2.5 text-sm focus:border-accent pointer-coarse:h-11 pointer-coarse:text-[1rem]";

type NewSessionProps = {
  directory: string | undefined;
  /** Beside the sessions of this workspace. */
  workspace: string | undefined;
};

/** The directory, where the work is done, and the agent. */
export function NewSession({ directory: given, workspace }: NewSessionProps) {
  const client = useClient();
  const { library } = useApp();
  const { agents, sessions, projects } = useLibrary();
  const { lastDirectory, lastAgent } = preferences.get();
  const beside = [...sessions.values()].filter(({ workspaceId }) => workspaceId === workspace);
  const [written, setDirectory] = useState(given ?? lastDirectory ?? "");
  const [place, setPlace] = useState<StartFrom>("directory");
  const [shared, setShared] = useState<Workspace | undefined>();
  useEffect(() => {
    if (workspace === undefined) return;
    client.getWorkspace(workspace).then(setShared, (error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
    });
  }, [client, workspace]);
  const directory = workspace === undefined ? written : (shared?.directory ?? "");
  const [chosen, setAgent] = useState(lastAgent);
  const agent = chosen ?? firstAgent(agents);
  const [model, setModel] = useState<Model | undefined>();
  const isNative = agents?.find(({ id }) => id === agent)?.backend === "native";
  const [isMaking, setMaking] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const directories = [...projects.values()].map((project) => project.directory);
  const make = async (event: { preventDefault(): void }) => {
    event.preventDefault();
    setMaking(true);
    setProblem(undefined);
    try {
      const session = await client.createSession({
        directory: directory.trim(),
        agent,
        ...(isNative && model !== undefined ? { model } : {}),
        ...(shared === undefined ? PLACES[place] : { workspaceId: shared.id }),
      });
      prefer({ lastAgent: agent, ...(workspace !== undefined ? {} : { lastDirectory: directory.trim() }) });
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
          readOnly={workspace !== undefined}
          onChange={(event) => setDirectory(event.target.value)}
          list="known-directories"
          required
          dir="ltr"
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
      {beside.length > 0 ? <Beside sessions={beside} /> : <StartChoice place={place} onChange={setPlace} />}
      <label className="flex flex-col gap-1.5 text-sm font-medium">
        Agent
        <select value={agent} onChange={(event) => setAgent(event.target.value)} className={FIELD}>
          {(agents ?? []).map((known) => (
            <option key={known.id} value={known.id} disabled={!known.available}>
              {known.name}
              {known.id === REHEARSAL ? " (practice, needs no key)" : ""}
              {known.available ? "" : known.backend === "native" ? " (needs a model)" : " (not here)"}
            </option>
          ))}
        </select>
      </label>
      {/* As high in both cases: which agent it is shows only when the agents are there. */}
      <div className="min-h-20">
        {agent === REHEARSAL && (
          <p className="text-sm text-ink-soft">
            The rehearsal agent obeys lines such as <code className="font-mono">SAY hello</code>,{" "}
            <code className="font-mono">READ README.md</code> or{" "}
            <code className="font-mono">SLOW 50 100</code>.
            {isRehearsalAlone(agents) && " For real work, give Holdfast’s own agent a model, as shown below."}
          </p>
        )}
        {isNative && (
          <div className="flex flex-col gap-1.5 text-sm font-medium">
            Model
            <ModelPicker
              chosen={model}
              onChoose={(next) => setModel(next ?? undefined)}
              className={`${FIELD} font-normal`}
            />
          </div>
        )}
      </div>
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
        {isMaking ? (place === "directory" ? "Starting" : "Making the worktree") : "Start the session"}
      </Button>
    </form>
  );
}

/** Who works where nobody was chosen yet: our own agent once it has a model, else the one that practises. */
const firstAgent = (agents: readonly Agent[] | undefined): string =>
  agents?.find(({ backend, available }) => backend === "native" && available)?.id ?? REHEARSAL;

const isRehearsalAlone = (agents: readonly Agent[] | undefined): boolean =>
  agents !== undefined && agents.every(({ id, available }) => !available || id === REHEARSAL);

/** What the server is asked for. */
const PLACES: Record<StartFrom, Pick<CreateSession, "worktree" | "worktreeBase">> = {
  directory: {},
  head: { worktree: true, worktreeBase: "head" },
  dirty: { worktree: true, worktreeBase: "dirty" },
};

function Beside({ sessions }: { sessions: readonly Session[] }) {
  return (
    <Notice>
      {sessions.length === 0
        ? "No other session works there at the moment."
        : `Works in the same place as ${sessions.map(({ title }) => `“${visibleText(title, "words")}”`).join(", ")}. Their turns take the files one after the other, unless that place is set to something else.`}
    </Notice>
  );
}
