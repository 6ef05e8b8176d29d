/**
 * Which agents there are, found without running any: those that Holdfast knows, looked up on PATH at every question, and the user's own.
 * Features are `unknown` until an agent was used, and again when its program became another version.
 */
import { errorText, randomHex, silentLogger, type Clock, type Logger } from "@holdfast/kernel";
import { FEATURES, type Agent, type Features, VERSION } from "@holdfast/protocol";
import type { Environment } from "../../process/index.ts";
import type { Store } from "../../store/index.ts";
import { KIND_FEATURES } from "../kind-features.ts";
import { heldModes } from "./approval.ts";
import type { AgentDefinition, ConfiguredAgent } from "./definition.ts";
import { findProgram } from "./find-program.ts";
import {
  KNOWN_AGENTS,
  type KnownAgent,
  NATIVE_AGENTS,
  NATIVE_QUIRKS,
  NO_QUIRKS,
  type Quirks,
} from "./quirks.ts";
import { VersionProbe } from "./version-probe.ts";

export type CatalogDeps = {
  /** The user's own agents by id; one with the id of a known agent stands for it and keeps its record. */
  agents: Readonly<Record<string, ConfiguredAgent>>;
  /** How to run the rehearsal agent: the running node and its program. */
  rehearsal: readonly string[];
  /** The native agent; absent where there is none. */
  native?: NativePlace | undefined;
  environment: Environment;
  temporaryRoot: string;
  store: Pick<Store, "agentFacts" | "agentLimits" | "putAgentFacts">;
  clock: Clock;
  logger?: Logger | undefined;
};

export type NativePlace = {
  /** How to run it: the running node and its program. */
  argv: readonly string[];
  /** Variables that it does not get: those with keys, which it is told otherwise. */
  remove: readonly string[];
  /** Why it cannot be used now, and what to do. */
  problem(): Promise<string | undefined>;
};

export type Catalog = {
  /** Every agent, available or not, in a stable order, with the usage limit that sessions of it wait for. Never waits for a program. */
  list(): Promise<Agent[]>;
  find(id: string): Promise<Agent | undefined>;
  /** What is known of it, without looking whether it is there. */
  record(id: string): Quirks | undefined;
  /** How to run it; `undefined` when it does not exist or its program is missing. */
  definition(id: string): Promise<AgentDefinition | undefined>;
  /** Keeps what was seen of an agent. */
  learn(id: string, seen: { version: string | undefined; features: Features }): Promise<void>;
  /** Resolves when every program that was found has said its version. */
  settled(): Promise<void>;
  /** Ends a program that is being asked for its version. */
  close(): Promise<void>;
};

type Entry = {
  id: string;
  name: string;
  backend: Agent["backend"];
  program: string;
  args: readonly string[];
  environment: AgentDefinition["environment"];
  quirks: Quirks;
  seen: KnownAgent["seen"] | undefined;
  install: string | undefined;
  /** Of the one that is ours. */
  version?: string;
  /** Why it cannot be used though its program is there. */
  problem?: () => Promise<string | undefined>;
  /** What stands before `--version`; absent for commands of the user's own, which may take it for something else. */
  probe: readonly string[] | undefined;
};

const PASSWORD_BYTES = 32;

type Limit = Awaited<ReturnType<Store["agentLimits"]>>[number];
type Facts = Awaited<ReturnType<Store["agentFacts"]>>[number];

/** Makes the catalog; nothing is looked up yet. */
export function createCatalog(deps: CatalogDeps): Catalog {
  const entries = entriesOf(deps);
  const probe = new VersionProbe(deps);
  const logger = deps.logger ?? silentLogger;
  const learnt = new Map<string, Facts>();
  let loaded: Promise<void> | undefined;
  const load = async () => {
    for (const facts of await deps.store.agentFacts()) {
      if (!learnt.has(facts.agent)) learnt.set(facts.agent, facts);
    }
  };
  const ready = () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      logger.warn({ error: errorText(error) }, "what is known of agents could not be read");
    });
    return loaded;
  };
  const look = async (entry: Entry) => {
    const program = await findProgram(entry.program, deps.environment["PATH"] ?? "");
    if (program !== undefined && entry.probe !== undefined) {
      probe.ask(program, entry.probe.length > 0 ? entry.probe : [program.path]);
    }
    return program;
  };
  const describe = async (entry: Entry): Promise<Agent> => {
    await ready();
    const program = await look(entry);
    const said = entry.version ?? (program && probe.known(program));
    const problem =
      program === undefined ? `The program ${entry.program} was not found.` : await entry.problem?.();
    return agentOf(entry, problem, said, learnt.get(entry.id));
  };
  return {
    async list() {
      const { store, clock } = deps;
      const limits = new Map((await store.agentLimits(clock.now())).map((limit) => [limit.agent, limit]));
      const agents = await Promise.all([...entries.values()].map(describe));
      return agents.map((agent) => withLimit(agent, limits.get(agent.id)));
    },
    async find(id) {
      const entry = entries.get(id);
      return entry && (await describe(entry));
    },
    record: (id) => entries.get(id)?.quirks,
    async definition(id) {
      const entry = entries.get(id);
      const program = entry && (await look(entry));
      if (entry === undefined || program === undefined) return undefined;
      const { name, backend, args, quirks } = entry;
      const argv = [program.path, ...args];
      const environment = withPassword(entry);
      return {
        id,
        name,
        backend,
        argv,
        environment,
        quirks,
        version: entry.version ?? probe.known(program),
      };
    },
    async learn(id, { version, features }) {
      const before = learnt.get(id);
      const facts = { agent: id, features, ...(version === undefined ? {} : { version }) };
      // What could not be seen this time is as it was seen before, while it is the same version.
      for (const name of before?.version === version ? FEATURES : []) {
        if (features[name] === "unknown")
          facts.features = { ...facts.features, [name]: before?.features[name] };
      }
      if (JSON.stringify(before) === JSON.stringify(facts)) return;
      learnt.set(id, facts);
      await deps.store.putAgentFacts(facts);
    },
    settled: () => probe.settled(),
    close: () => probe.close(),
  };
}

function withLimit(agent: Agent, limit: Limit | undefined): Agent {
  if (limit === undefined) return agent;
  return { ...agent, limit: { until: limit.until, sessionId: limit.sessionId } };
}

function entriesOf({ agents, rehearsal, native }: CatalogDeps): Map<string, Entry> {
  const known = KNOWN_AGENTS.map((agent) => knownEntry(agent, rehearsal));
  const ours = native === undefined ? [] : NATIVE_AGENTS.map((agent) => nativeEntry(agent, native));
  const own = Object.entries(agents).map(([id, agent]) => configuredEntry(id, agent));
  return new Map([...known, ...ours, ...own].map((entry) => [entry.id, entry]));
}

function nativeEntry(agent: (typeof NATIVE_AGENTS)[number], place: NativePlace): Entry {
  const { argv, remove } = place;
  const [program = "", ...args] = argv;
  const environment = { inherit: "user", remove } as const;
  const unknown = { seen: undefined, install: undefined, probe: undefined };
  const run = { backend: "native", program, args, environment, quirks: NATIVE_QUIRKS } as const;
  return { ...agent, ...run, ...unknown, version: VERSION, problem: () => place.problem() };
}

function knownEntry(agent: KnownAgent, rehearsal: readonly string[]): Entry {
  const { id, name, quirks, seen, install } = agent;
  const [runner = "", ...script] = rehearsal;
  const place =
    agent.program === undefined
      ? { program: runner, args: [...script, ...agent.args], probe: rehearsal }
      : { program: agent.program, args: agent.args, probe: [] };
  const environment = { inherit: "user", set: agent.environment } as const;
  return { id, name, backend: agent.backend ?? "acp", ...place, environment, quirks, seen, install };
}

function configuredEntry(id: string, agent: ConfiguredAgent): Entry {
  const known = KNOWN_AGENTS.find((each) => each.id === id);
  const [program = "", ...args] = agent.command;
  return {
    id,
    name: agent.name ?? known?.name ?? id,
    backend: agent.backend,
    program,
    args,
    environment: {
      inherit: agent.environment ?? "user",
      keep: agent.keep,
      set: { ...known?.environment, ...agent.env },
    },
    quirks: known?.quirks ?? NO_QUIRKS,
    seen: known?.seen,
    install: undefined,
    probe: undefined,
  };
}

/** The environment of one start; a password is never used twice. */
function withPassword({ environment, quirks }: Entry): AgentDefinition["environment"] {
  const { passwordVariable } = quirks;
  if (passwordVariable === undefined) return environment;
  return { ...environment, set: { ...environment.set, [passwordVariable]: randomHex(PASSWORD_BYTES) } };
}

/** What the API shows of one agent. Pure. */
function agentOf(
  entry: Entry,
  problem: string | undefined,
  said: string | undefined,
  facts: Facts | undefined,
): Agent {
  const isFound = problem === undefined;
  const features = { ...knownFeatures(facts, said), ...KIND_FEATURES[entry.backend] };
  const version = said ?? facts?.version;
  const approvalModes = heldModes(entry.quirks, features.modes);
  const reason = problem ?? (approvalModes.includes("ask") ? undefined : "acts without asking");
  return {
    id: entry.id,
    name: entry.name,
    backend: entry.backend,
    available: isFound,
    features,
    approvalModes,
    ...(entry.seen === undefined
      ? {}
      : { recorded: { version: entry.seen.version, features: [...entry.seen.features] } }),
    ...(version === undefined ? {} : { version }),
    ...(reason === undefined ? {} : { reason }),
    ...(isFound || entry.install === undefined ? {} : { install: entry.install }),
  };
}

/** What was learnt counts only for the version it was learnt of; a bit that was never learnt is `unknown`. Exported for its table. */
export function knownFeatures(facts: Facts | undefined, said: string | undefined): Features {
  const isOther = said !== undefined && facts?.version !== undefined && facts.version !== said;
  const learnt: Partial<Features> = isOther ? {} : (facts?.features ?? {});
  return Object.fromEntries(FEATURES.map((name) => [name, learnt[name] ?? "unknown"])) as Features;
}
