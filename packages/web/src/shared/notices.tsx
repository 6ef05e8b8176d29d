import { Empty } from "../design/index.ts";

/** One answer for every ref that does not work: unknown, revoked, expired or used up (S-15). */
export const Gone = () => (
  <main className="flex min-h-full flex-col bg-canvas">
    <Empty title="This link does not work">
      It was taken back, it has run out, or it was never one. Ask whoever gave it to you for another.
    </Empty>
  </main>
);

export const Busy = () => (
  <main className="flex min-h-full flex-col bg-canvas">
    <Empty title="Not just now">This service has too much to do. Try again in a moment.</Empty>
  </main>
);

/** What its script fills. */
export const Waiting = ({ children }: { children: string }) => (
  <main className="flex min-h-full flex-col bg-canvas">
    <Empty title="One moment">{children}</Empty>
    <noscript>
      <p className="px-6 pb-8 text-center text-sm">This page needs JavaScript.</p>
    </noscript>
  </main>
);
