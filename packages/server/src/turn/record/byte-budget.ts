/** Bytes that recorders hold and the store has not committed (D-34): 8 MiB per session, 128 MiB in all. */
export type ByteLimits = { perSession: number; total: number };

/** One recorder's share. `drained` is undefined while more may be taken, else a promise that resolves below half of both limits. */
export type ByteAccount = {
  add(bytes: number): void;
  remove(bytes: number): void;
  drained(): Promise<void> | undefined;
  /** Gives everything back and lets every waiter go: the recorder is done or has dropped what it held. */
  close(): void;
};

type Open = { held: number; waiting: (() => void)[]; closed: boolean };

export class ByteBudget {
  readonly #limits: ByteLimits;
  readonly #accounts = new Set<Open>();
  #total = 0;

  constructor(limits: ByteLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  open(): ByteAccount {
    const account: Open = { held: 0, waiting: [], closed: false };
    this.#accounts.add(account);
    return {
      add: (bytes) => this.#move(account, bytes),
      remove: (bytes) => this.#move(account, -bytes),
      drained: () => this.#drained(account),
      close: () => {
        this.#move(account, -account.held);
        account.closed = true;
        this.#accounts.delete(account);
        release(account);
      },
    };
  }

  #move(account: Open, bytes: number): void {
    if (account.closed) return;
    account.held += bytes;
    this.#total += bytes;
    if (bytes >= 0) return;
    for (const open of this.#accounts) if (this.#isLow(open)) release(open);
  }

  #drained(account: Open): Promise<void> | undefined {
    const { perSession, total } = this.#limits;
    if (account.closed || (account.held <= perSession && this.#total <= total)) return undefined;
    return new Promise((resolve) => account.waiting.push(resolve));
  }

  #isLow(account: Open): boolean {
    return account.held <= this.#limits.perSession / 2 && this.#total <= this.#limits.total / 2;
  }
}

function release(account: Open): void {
  for (const resolve of account.waiting.splice(0)) resolve();
}
