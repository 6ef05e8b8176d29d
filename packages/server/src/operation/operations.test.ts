import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock, HoldfastError, newId, silentLogger } from "@holdfast/kernel";
import type { InstanceId, WorkspaceId } from "@holdfast/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Store } from "../store/index.ts";
import { openSqliteStore } from "../store/sqlite/index.ts";
import type { HeldOperation } from "./held-operation.ts";
import { keeperOf, NotYet, Operations } from "./operations.ts";

type Step = { step: "begun" | "halfway" };
type Held = HeldOperation<Step>;
const OWNER = { id: "owner", kind: "owner", label: "Owner" } as const;
const BEGUN: Step = { step: "begun" };

/** A server on the store, whose operations are settled as the test says. */
class Node {
  readonly clock = new FakeClock();
  readonly woken: WorkspaceId[] = [];
  readonly instanceId: InstanceId = newId("ins");
  settle: (held: Held, isLeft: boolean) => Promise<void> = (held) => held.end("undone");
  giveUp: (held: Held) => Promise<void> = (held) => held.end("conflict");
  readonly operations: Operations;
  readonly #store: Store;

  constructor(store: Store, host: string) {
    this.#store = store;
    this.operations = new Operations(
      {
        store,
        clock: this.clock,
        logger: silentLogger,
        owner: { instanceId: this.instanceId, host },
        wakeWorkspace: (id) => void this.woken.push(id),
      },
      {
        apply: keeperOf<Step>(
          () => store,
          (data) => data as Step,
          {
            settle: (held, isLeft) => this.settle(held, isLeft),
            giveUp: (held) => this.giveUp(held),
          },
        ),
      },
    );
  }

  run<R>(workspaceId: WorkspaceId, work: (held: Held) => Promise<R>, key?: string) {
    const idempotency = key && { actorId: "owner", method: "POST", route: "/apply", key, bodyHash: key };
    return this.operations.run<Step, R | string>({
      begin: (own) =>
        this.#store.beginOperation({
          ...own,
          kind: "apply",
          workspaceId,
          leases: [workspaceId],
          data: BEGUN,
          actor: OWNER,
          ...(idempotency ? { idempotency } : {}),
        }),
      data: BEGUN,
      work,
      repeated: async ({ state }) => `it is ${state}`,
    });
  }
}

describe("operations", () => {
  let root: string;
  let store: Store;
  let here: Node;
  let there: Node;

  const open = async (host: string): Promise<Node> => {
    const node = new Node(store, host);
    await store.registerInstance({ id: node.instanceId, pid: 1, host, startTime: 1, isAlone: false });
    return node;
  };
  const workspace = async (): Promise<WorkspaceId> => {
    const ids = { sessionId: newId("ses"), projectId: newId("prj"), workspaceId: newId("wsp") };
    const facts = { title: "t", agent: "rehearsal", approvalMode: "ask", resumePolicy: "manual" } as const;
    await store.createSession({ actor: OWNER, directory: `/${ids.workspaceId}`, ...ids, ...facts });
    return ids.workspaceId;
  };
  const stateOf = async (id: WorkspaceId) => {
    const [newest] = await store.listOperations({ workspaceId: id, limit: 1 });
    return newest && { state: newest.state, step: newest.data["step"], leases: newest.leases.length };
  };
  const dead = (node: Node) => store.endInstance({ instanceId: node.instanceId });
  const never = new Promise<never>(() => undefined);
  /** Begins one on the node, which dies in the middle of it. */
  const left = async (node: Node): Promise<WorkspaceId> => {
    const id = await workspace();
    const begun = Promise.withResolvers<undefined>();
    void node.run(id, async (held) => {
      await held.advance({ step: "halfway" });
      begun.resolve(undefined);
      return never;
    });
    await begun.promise;
    return id;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "holdfast-operations-"));
    store = await openSqliteStore({ directory: root, synchronous: "OFF" });
    [here, there] = [await open("here"), await open("there")];
  });
  afterEach(async () => {
    await store.close();
    await rm(root, { recursive: true, force: true });
  });

  test("[W-11] what another server works at is left alone, and so are a dead one's whose files are elsewhere", async () => {
    const [mine, living, elsewhere] = [await left(here), await left(there), await left(there)];
    const neighbour = await open("here");
    expect(await neighbour.operations.settleLeft()).toBe(0);
    const all = () => Promise.all([mine, living, elsewhere].map(stateOf));
    const running = { state: "running", step: "halfway", leases: 1 };
    expect(await all()).toEqual([running, running, running]);
    await dead(here);
    await dead(there);
    await neighbour.operations.recover();
    expect(await all()).toEqual([{ state: "undone", step: "halfway", leases: 0 }, running, running]);
    expect(neighbour.woken).toEqual([mine]);
  });

  test("[W-11, D-17] whoever lost an operation neither goes on with it nor ends it", async () => {
    const id = await workspace();
    const taken = Promise.withResolvers<undefined>();
    const settled = vi.spyOn(here, "settle");
    const act = here.run(id, async (held) => {
      await taken.promise;
      await held.advance({ step: "halfway" });
    });
    act.catch(() => undefined);
    await vi.waitFor(async () => expect(await stateOf(id)).toBeDefined());
    await dead(here);
    await store.takeOperation({
      operationId: (await store.listOperations({ workspaceId: id, limit: 1 }))[0]?.id ?? newId("opr"),
      instanceId: there.instanceId,
    });
    taken.resolve(undefined);
    await expect(act).rejects.toMatchObject({ code: "CLAIM_LOST" });
    expect(settled).not.toHaveBeenCalled();
    expect(await stateOf(id)).toEqual({ state: "running", step: "begun", leases: 1 });
  });

  test("[W-9, D-5] a repetition joins the work, or waits for it where another server does it", async () => {
    const id = await workspace();
    const release = Promise.withResolvers<undefined>();
    const work = vi.fn<(held: Held) => Promise<string>>(async (held) => {
      await release.promise;
      await held.end("done");
      return "the result";
    });
    const first = here.run(id, work, "key");
    await vi.waitFor(() => expect(work).toHaveBeenCalled());
    const joined = here.run(id, work, "key");
    const waiting = there.run(id, work, "key");
    const isOver = vi.fn<(result: unknown) => void>();
    void waiting.then(isOver);
    await vi.waitFor(() => {
      there.clock.advance(100);
      expect(there.clock.monotonic()).toBeGreaterThan(1_000);
    });
    expect(isOver).not.toHaveBeenCalled();
    release.resolve(undefined);
    expect(await first).toEqual({ value: "the result", replayed: false });
    expect(await joined).toEqual({ value: "the result", replayed: true });
    await vi.waitFor(() => {
      there.clock.advance(100);
      expect(isOver).toHaveBeenCalledWith({ value: "it is done", replayed: true });
    });
    expect(work).toHaveBeenCalledTimes(1);
  });

  test("[D-5] what was undone elsewhere is no result: the repetition does it", async () => {
    const id = await workspace();
    const fail = Promise.withResolvers<never>();
    const first = here.run(id, () => fail.promise, "key");
    first.catch(() => undefined);
    await vi.waitFor(async () => expect(await stateOf(id)).toBeDefined());
    const second = there.run(
      id,
      async (held) => {
        await held.end("done");
        return "done there";
      },
      "key",
    );
    fail.reject(new HoldfastError("CONFLICT", "not now"));
    await expect(first).rejects.toMatchObject({ code: "CONFLICT" });
    const answer = vi.fn<(result: unknown) => void>();
    void second.then(answer);
    await vi.waitFor(() => {
      there.clock.advance(100);
      expect(answer).toHaveBeenCalledWith({ value: "done there", replayed: false });
    });
  });

  test("[W-9] what fails is settled at once, and again until that works, and the lease is given back then", async () => {
    const id = await workspace();
    const settle = vi.fn<Node["settle"]>().mockRejectedValueOnce(new Error("the disk is full"));
    settle.mockRejectedValueOnce(new NotYet("somebody is at work there"));
    settle.mockImplementation((held) => held.end("undone"));
    here.settle = settle;
    const act = here.run(id, () => Promise.reject(new HoldfastError("STALE", "too late")));
    await expect(act).rejects.toMatchObject({ code: "STALE" });
    expect(await stateOf(id)).toMatchObject({ state: "running", leases: 1 });
    await vi.waitFor(async () => {
      here.clock.advance(500);
      expect(await stateOf(id)).toMatchObject({ state: "undone", leases: 0 });
    });
    expect(settle.mock.calls.map(([, isLeft]) => isLeft)).toEqual([false, true, true]);
    expect(here.woken).toContain(id);
  });

  test("[W-8] what cannot be settled is given up after twelve tries, and stands in nobody's way", async () => {
    const id = await workspace();
    const settle = vi.fn<Node["settle"]>().mockRejectedValue(new Error("no"));
    here.settle = settle;
    await expect(here.run(id, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    await vi.waitFor(async () => {
      here.clock.advance(30_000);
      expect(await stateOf(id)).toMatchObject({ state: "conflict", leases: 0 });
    });
    expect(settle).toHaveBeenCalledTimes(12);
  });

  test("[W-8, D-34] a store that refuses says nothing of an operation: it is looked at until it is settled", async () => {
    const id = await workspace();
    const take = vi.spyOn(store, "takeOperation");
    take.mockRejectedValue(new HoldfastError("STORAGE_UNAVAILABLE", "the disk is full"));
    await expect(here.run(id, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    await vi.waitFor(() => {
      here.clock.advance(30_000);
      expect(take.mock.calls.length).toBeGreaterThan(20);
    });
    expect(await stateOf(id)).toMatchObject({ state: "running", leases: 1 });
    take.mockRestore();
    await vi.waitFor(async () => {
      here.clock.advance(30_000);
      expect(await stateOf(id)).toMatchObject({ state: "undone", leases: 0 });
    });
  });
});
