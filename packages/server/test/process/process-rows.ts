import type { Features } from "@holdfast/protocol";
import type { ProcessRow, Store } from "../../src/store/index.ts";

type Needed = Pick<
  Store,
  | "recordLaunch"
  | "recordSpawn"
  | "recordExit"
  | "openProcesses"
  | "agentFacts"
  | "agentLimits"
  | "putAgentFacts"
>;

/** The process rows and agent facts of a store, in memory: all that the agents room writes. */
export class ProcessRows implements Needed {
  readonly rows = new Map<string, ProcessRow>();
  /** Rows that were closed, in order. */
  readonly closed: ProcessRow[] = [];
  readonly facts = new Map<string, { agent: string; version?: string; features: Features }>();
  /** Called before a command is answered; a throw makes it fail. */
  before: (command: string) => void = () => undefined;

  async recordLaunch(row: Parameters<Store["recordLaunch"]>[0]): Promise<void> {
    this.before("recordLaunch");
    this.rows.set(row.launchId, { ...row, isOwnerAlive: true });
  }

  async recordSpawn(row: Parameters<Store["recordSpawn"]>[0]): Promise<void> {
    this.before("recordSpawn");
    const launched = this.rows.get(row.launchId);
    if (launched === undefined) throw new Error(`no launch ${row.launchId}`);
    this.rows.set(row.launchId, { ...launched, ...row });
  }

  async recordExit({ launchId }: { launchId: string }): Promise<void> {
    this.before("recordExit");
    const row = this.rows.get(launchId);
    if (row !== undefined) this.closed.push(row);
    this.rows.delete(launchId);
  }

  async openProcesses(): Promise<ProcessRow[]> {
    return [...this.rows.values()];
  }

  async agentLimits(): ReturnType<Store["agentLimits"]> {
    return [];
  }

  async agentFacts(): Promise<{ agent: string; version?: string; features: Features }[]> {
    return [...this.facts.values()];
  }

  async putAgentFacts(row: Parameters<Store["putAgentFacts"]>[0]): Promise<void> {
    const { agent, version, features } = row;
    this.facts.set(agent, version === undefined ? { agent, features } : { agent, version, features });
  }
}
