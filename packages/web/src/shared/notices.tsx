import { Empty } from "../design/index.ts";

/** The service asks to come later. */
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
