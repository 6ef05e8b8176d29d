import { type FeedItem, type HoldfastClient, HoldfastContractError } from "@holdfast/client";
import { expect, test, vi } from "vitest";
import { ConnectionMonitor } from "./connection.ts";
import { LibraryStore } from "./library.ts";

/** A library whose feed is scripted: each connection in its order, the last for all further ones. */
function libraryOf(...feeds: ((signal: AbortSignal) => AsyncGenerator<FeedItem>)[]) {
  let opened = 0;
  const none = () => Promise.resolve({ items: [] });
  const client = {
    streamFeed: ({ signal }: { signal: AbortSignal }) => {
      opened += 1;
      return feeds[Math.min(opened, feeds.length) - 1]?.(signal);
    },
    listSessions: none,
    listProjects: none,
    listPermissions: none,
    listQuestions: none,
    listAgents: none,
    listModels: none,
  } as unknown as HoldfastClient;
  const tabs = { locks: undefined, channel: (name: string) => new BroadcastChannel(name) };
  const monitor = new ConnectionMonitor();
  const library = new LibraryStore(client, tabs, monitor);
  return { library, monitor, opened: () => opened };
}

const aborted = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));

const state = (monitor: ConnectionMonitor) => monitor.store.get().state;

/* oxlint-disable-next-line require-yield -- it breaks before anything comes. */
async function* broken(): AsyncGenerator<FeedItem> {
  throw new HoldfastContractError("This is no feed.");
}

test("[I-16] what cannot succeed is not tried again: the page says why, until somebody asks for another try", async () => {
  const { library, monitor, opened } = libraryOf(broken, async function* (signal) {
    yield { kind: "hello", storeId: "s", lastId: "0" };
    await aborted(signal);
  });
  library.start();
  await vi.waitFor(() => expect(state(monitor)).toBe("failed"));
  expect(monitor.store.get().reason).toBe("This is no feed.");
  monitor.bad("another");
  expect(state(monitor)).toBe("failed");
  expect(opened()).toBe(1);
  library.wake(false);
  await vi.waitFor(() => expect(library.store.get().phase).toBe("ready"));
  monitor.good("another");
  expect(monitor.store.get()).toMatchObject({ state: "live" });
  expect(monitor.store.get().reason).toBeUndefined();
});

test("[D-23] a feed in which an event was too long is read again from the lists", async () => {
  const { library, monitor, opened } = libraryOf(
    async function* (signal) {
      yield { kind: "hello", storeId: "s", lastId: "0" };
      yield { kind: "reset", reason: "tooLong", state: [] };
      await aborted(signal);
    },
    async function* (signal) {
      yield { kind: "hello", storeId: "s", lastId: "1" };
      await aborted(signal);
    },
  );
  let gaps = 0;
  library.listen(
    () => undefined,
    () => (gaps += 1),
  );
  library.start();
  await vi.waitFor(() => expect(gaps).toBe(2));
  expect(opened()).toBe(2);
  expect(state(monitor)).toBe("live");
});
