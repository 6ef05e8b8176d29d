/**
 * The feed of the lists, one for all windows of this browser (I-16). Every window keeps its own place in it. An item carries the place before it, so
 * that a window which missed one, or whose leader is elsewhere, sees that and starts anew with `reset`: it then reads the lists again.
 */
import type { FeedItem, HoldfastClient } from "@holdfast/client";
import { type Tabs, SharedStream } from "../windows/index.ts";

export type FeedPosition = { id: string; storeId: string };

/** An item of the feed; an event with the id of the one before it. */
export type Passed = { item: FeedItem; from?: string | undefined };

/** What an item means to a window at `place`: `take` it, `skip` it as known, or it shows that the window is `lost`. Pure. */
export function meaningOf(place: FeedPosition | undefined, { item, from }: Passed): "take" | "skip" | "lost" {
  if (item.kind === "hello")
    return place === undefined || (place.id === item.lastId && place.storeId === item.storeId)
      ? "take"
      : "lost";
  if (item.kind !== "event") return "take";
  // Before its first greeting a window has no place, and what comes then is in the lists that it will read.
  if (place === undefined || item.id === place.id) return "skip";
  return from === place.id ? "take" : "lost";
}

/** What is asked of agents stands in no list, and a change is read by whoever shows it. */
const isListed = (type: string): boolean => !type.startsWith("input.") && type !== "change.updated";

export class ListFeed {
  readonly #client: HoldfastClient;
  readonly #tabs: Tabs;

  constructor(client: HoldfastClient, tabs: Tabs) {
    this.#client = client;
    this.#tabs = tabs;
  }

  /** Follows from `after`, or from now, as the leader if that is wanted; `hello` names the place that the window is at. Ends with the signal and after a `reset`. */
  async *follow(
    after: FeedPosition | undefined,
    signal: AbortSignal,
    isLeading = false,
  ): AsyncGenerator<FeedItem> {
    let place = after;
    let isLive = false;
    const source = {
      open: (mine: AbortSignal) =>
        this.#lead(
          () => place,
          mine,
          (live) => (isLive = live),
        ),
      greeting: (): Passed | undefined =>
        isLive && place !== undefined
          ? { item: { kind: "hello", storeId: place.storeId, lastId: place.id } }
          : undefined,
    };
    for await (const { item: passed } of new SharedStream<Passed>("lists", source, this.#tabs).follow(
      signal,
      isLeading,
    )) {
      const { item } = passed;
      const meaning = meaningOf(place, passed);
      if (meaning === "skip") continue;
      if (meaning === "lost") {
        yield { kind: "reset", reason: "ahead", state: [] };
        return;
      }
      if (item.kind === "hello" && item.lastId !== undefined)
        place = { id: item.lastId, storeId: item.storeId };
      if (item.kind === "event" && place !== undefined) place = { ...place, id: item.id };
      yield item;
      if (item.kind === "reset") return;
    }
  }

  /** The stream itself, as the leader passes it on: its greetings name the leader's place and not the end of the log, which is still to be heard. */
  async *#lead(
    placeOf: () => FeedPosition | undefined,
    signal: AbortSignal,
    tell: (isLive: boolean) => void,
  ): AsyncGenerator<Passed> {
    const start = placeOf();
    let at = start?.id;
    const resume = start === undefined ? {} : { after: start.id, storeId: start.storeId };
    try {
      const stream = this.#client.streamFeed({ ...resume, messages: false, reads: isListed, signal });
      for await (const item of stream) {
        if (item.kind === "hello") {
          at ??= item.lastId;
          yield { item: { ...item, lastId: at } };
          tell(true);
        } else if (item.kind === "event") {
          yield { item, from: at };
          at = item.id;
        } else {
          if (item.kind === "disconnected") tell(false);
          // An error as such does not travel between windows.
          yield {
            item: item.kind === "disconnected" ? { ...item, error: new Error(item.error.message) } : item,
          };
        }
      }
    } finally {
      tell(false);
    }
  }
}
