import { RpcTarget } from "capnweb";
import type { StubWords } from "../wire.ts";

/** What a stub does with what it is asked. */
export type Keeper = {
  call(handle: number, method: string, args: readonly unknown[]): unknown;
  drop(handle: number): void;
};

/** A stub for one handle. Its methods and facts are members of a class of its kind: capnweb shows a peer what stands on prototypes, never what an object holds. */
class Stub extends RpcTarget {
  readonly #words: StubWords;
  readonly #keeper: Keeper;
  #isDropped = false;

  constructor(words: StubWords, keeper: Keeper) {
    super();
    this.#words = words;
    this.#keeper = keeper;
  }

  static ask(stub: Stub, method: string, args: readonly unknown[]): unknown {
    return stub.#keeper.call(stub.#words.handle, method, args);
  }

  static fact(stub: Stub, name: string): unknown {
    return stub.#words.facts[name];
  }

  [Symbol.dispose](): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#keeper.drop(this.#words.handle);
  }
}

type StubClass = new (words: StubWords, keeper: Keeper) => Stub;

/** Stubs with the same methods and facts share a class. There are as many kinds as doors have sets of rights. */
const CLASSES = new Map<string, StubClass>();

export function createStub(words: StubWords, keeper: Keeper): RpcTarget {
  const facts = Object.keys(words.facts);
  const kind = `${words.methods.join(" ")}|${facts.join(" ")}`;
  const known = CLASSES.get(kind) ?? classOf(words.methods, facts);
  CLASSES.set(kind, known);
  return new known(words, keeper);
}

function classOf(methods: readonly string[], facts: readonly string[]): StubClass {
  class Kind extends Stub {}
  for (const method of methods)
    Object.defineProperty(Kind.prototype, method, {
      value(this: Kind, ...args: unknown[]) {
        return Stub.ask(this, method, args);
      },
    });
  for (const fact of facts)
    Object.defineProperty(Kind.prototype, fact, {
      get(this: Kind) {
        return Stub.fact(this, fact);
      },
    });
  return Kind;
}
