/**
 * Sessions that get a worktree of their own (W-2). Making one is not a transaction, so a repetition under the same key joins the creation while
 * it runs (D-5), and gets the session that it made afterwards.
 */
import { HoldfastError } from "@holdfast/kernel";
import type { CreateSession, Session } from "@holdfast/protocol";
import type { Applied, IdempotencyKey } from "../store/index.ts";
import { commandOf } from "./create.ts";
import type { Caller, SessionDeps } from "./deps.ts";
import { resolveDirectory } from "./workspace-path.ts";

type Running = { bodyHash: string; outcome: Promise<Applied<Session>> };

/** Makes sessions with worktrees; one instance knows what runs. */
export class WorktreeSessions {
  readonly #deps: SessionDeps;
  readonly #running = new Map<string, Running>();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /** Rejects UNPROCESSABLE, NOT_GIT, NO_COMMITS, AGENT_UNAVAILABLE; nothing is left of a creation that was refused. */
  async create(request: CreateSession, caller: Caller): Promise<Applied<Session>> {
    const { idempotency } = caller;
    if (idempotency === undefined) return this.#make(request, caller);
    const { actorId, method, route, key, bodyHash } = idempotency;
    const name = JSON.stringify([actorId, method, route, key]);
    const running = this.#running.get(name);
    if (running !== undefined) {
      if (running.bodyHash !== bodyHash)
        throw new HoldfastError("IDEMPOTENCY_MISMATCH", "This key is in use with another body.");
      return { value: (await running.outcome).value, replayed: true };
    }
    const outcome = this.#once(request, caller, idempotency).finally(() => this.#running.delete(name));
    this.#running.set(name, { bodyHash, outcome });
    return outcome;
  }

  /** What an earlier process made under this key is answered before anything is made again. */
  async #once(
    request: CreateSession,
    caller: Caller,
    idempotency: IdempotencyKey,
  ): Promise<Applied<Session>> {
    const earlier = await this.#deps.store.findReplay(idempotency);
    if (earlier?.session !== undefined) return { value: earlier.session, replayed: true };
    return this.#make(request, caller);
  }

  async #make(request: CreateSession, caller: Caller): Promise<Applied<Session>> {
    const { reserved, store, worktrees } = this.#deps;
    if (request.workspaceId !== undefined)
      throw new HoldfastError(
        "UNPROCESSABLE",
        "A session works in a new worktree or in a workspace that is there, not in both.",
      );
    const directory = await resolveDirectory(request.directory, reserved);
    const command = await commandOf(this.#deps, request, caller, { directory, workspaceId: undefined });
    return worktrees.create(
      { directory, base: request.worktreeBase ?? "head", actor: caller.actor },
      (workspace) => store.createSession({ ...command, existingWorkspaceId: workspace.id }),
    );
  }
}
