import { useState } from "react";
import { classes, OfflineNote } from "../../src/design/index.ts";
import { SessionBody } from "../../src/session-view/index.ts";
import { type Case, casesAt } from "./cases.ts";
import { PANEL_CASES } from "./panels.tsx";

/** How long the server is away in the picture of that, in ms. */
const AWAY_MS = 12_000;

/** Recorded sessions in every state, for those who change how they look (`npm run gallery`). There is no server behind it. */
export function Gallery() {
  const [cases] = useState(() => casesAt(Date.now()));
  return (
    <main className="scroll-area h-dvh bg-canvas">
      <div className="mx-auto flex w-full max-w-5xl flex-col gap-8 p-2 sm:p-4">
        <header className="flex flex-col gap-2">
          <h1 className="text-xl font-semibold">Gallery</h1>
          <p className="text-sm text-ink-soft">
            Sessions as they were recorded, in every state that the page has.
          </p>
          <nav aria-label="Cases" className="flex flex-wrap gap-x-3 gap-y-1 text-sm">
            {[...cases, ...PANEL_CASES].map(({ name }) => (
              <a key={name} href={`#${name}`} className="text-accent underline underline-offset-2">
                {name}
              </a>
            ))}
          </nav>
        </header>
        {cases.map((one) => (
          <CaseView key={one.name} one={one} />
        ))}
        {PANEL_CASES.map(({ name, title, content }) => (
          <section key={name} aria-labelledby={name} className="flex flex-col gap-2">
            <h2 id={name} className="text-sm font-semibold">
              {title}
            </h2>
            <div className="rounded-lg border border-line bg-surface p-4">{content}</div>
          </section>
        ))}
      </div>
    </main>
  );
}

function CaseView({ one }: { one: Case }) {
  const { name, title, view } = one;
  const [history] = useState(() => ({
    id: view.state.session?.id ?? name,
    loadOlder: () => Promise.resolve(),
  }));
  return (
    <section aria-labelledby={name} className="flex flex-col gap-2">
      <h2 id={name} className="text-sm font-semibold">
        {title}
      </h2>
      <div
        className={classes(
          "flex flex-col overflow-hidden rounded-lg border border-line bg-surface",
          one.isTall === true ? "h-300" : "h-150",
        )}
      >
        {one.isOffline === true && <OfflineNote lastedMs={AWAY_MS} onRetry={() => undefined} />}
        <SessionBody live={history} view={view} message={undefined} />
      </div>
    </section>
  );
}
