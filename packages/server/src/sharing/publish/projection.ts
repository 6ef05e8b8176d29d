/** Gives the outbox its view of S-17, over the store and the files of this machine. */
import type { Change, SessionId, ShareId } from "@holdfast/protocol";
import type { Projection } from "../../outbox/index.ts";
import { secretsOf, type Store } from "../../store/index.ts";
import { pathRewriter, type Places } from "./home-paths.ts";
import { createMasker, indexed, type MaskMemory, memoryOf, type Values } from "./masker.ts";
import { learnRow, prepareRow, publishRow, type PublishScope } from "./publication.ts";

export type PublishDeps = {
  store: Pick<Store, "getSession" | "getWorkspace" | "getBlob" | "givenServers">;
  /** The change with its patch; as it is where none can be read now. Never rejects for a change that is gone. */
  readChange: (change: Change) => Promise<Change>;
  /** Every path of the home directory. */
  home: readonly string[];
  /** What is secret on this machine whatever it looks like: the environment's, the configuration's and our own. The same array while they are the same. */
  secrets(): readonly string[];
};

/** Shares whose masks are kept with their index. */
const MOST_KEPT = 64;

export type Publisher = {
  project: Projection;
  /** What holds for all rows of a session. */
  scopeOf(share: { sessionId: SessionId; includes: PublishScope["includes"] }): Promise<PublishScope>;
  /** Secrets that are known whatever they look like. */
  knownOf(sessionId: SessionId): Promise<Values[]>;
};

export function createPublisher(deps: PublishDeps): Publisher {
  const memories = new Map<ShareId, MaskMemory>();
  let machine: { of: readonly string[]; values: Values } | undefined;
  const knownOf = async (sessionId: SessionId): Promise<Values[]> => {
    const secrets = deps.secrets();
    if (machine?.of !== secrets) machine = { of: secrets, values: indexed(secrets) };
    const given = secretsOf(await deps.store.givenServers(sessionId));
    return given.length === 0 ? [machine.values] : [machine.values, indexed([...new Set(given)])];
  };
  const keep = (id: ShareId, memory: MaskMemory): void => {
    memories.delete(id);
    memories.set(id, memory);
    const [oldest] = memories.keys();
    if (memories.size > MOST_KEPT && oldest !== undefined) memories.delete(oldest);
  };
  const scopeOf: Publisher["scopeOf"] = (share) => publishScope(deps, share);
  return {
    scopeOf,
    knownOf,
    async project({ share, rows, masks }) {
      const scope = await scopeOf(share);
      const memory = memoryOf(masks, memories.get(share.id));
      keep(share.id, memory);
      const masker = createMasker(memory, await knownOf(share.sessionId));
      const prepared = [];
      for (const row of rows) prepared.push(await prepareRow(row, scope));
      for (const row of prepared) learnRow(row, scope, masker);
      const published = prepared.map((row) => publishRow(row, scope, masker));
      return { rows: published, masks: masker.taken() };
    },
  };
}

async function publishScope(
  { store, home, readChange }: PublishDeps,
  { sessionId, includes }: Parameters<Publisher["scopeOf"]>[0],
): Promise<PublishScope> {
  const session = await store.getSession(sessionId);
  const workspace = session && (await store.getWorkspace(session.workspaceId));
  const places: Places = {
    workspace: [workspace?.directory ?? session?.directory].filter((path) => path !== undefined),
    home,
  };
  const paths = [...places.workspace, ...places.home];
  return {
    sessionId,
    includes,
    rewrite: pathRewriter(places),
    phrases: paths.filter((path) => /\s/.test(path)),
    readBlob: async (hash) => (await store.getBlob({ hash, sessionId }))?.bytes,
    readChange,
  };
}
