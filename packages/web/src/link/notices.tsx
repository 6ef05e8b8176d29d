import { Empty } from "../design/index.ts";

/** One answer for every ref that does not work: unknown, revoked, expired or used up (S-15). */
export const DeadLink = () => (
  <main className="flex min-h-full flex-col bg-canvas">
    <Empty title="This link does not work">
      It was taken back, it has run out, or it was never one. Ask whoever gave it to you for another.
    </Empty>
  </main>
);

/** The page was opened without the ref that its link had. */
export const OpenAgain = () => (
  <Empty title="Open your link again">
    A link of this kind is kept by no browser. The one that you were given leads here again.
  </Empty>
);
