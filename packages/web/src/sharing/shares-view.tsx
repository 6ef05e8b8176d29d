import type { Grant, Share } from "@holdfast/protocol";
import type { ReactNode } from "react";
import { useLibrary } from "../data/index.ts";
import { Button, Empty, Exact, Notice, Skeleton } from "../design/index.ts";
import { Link } from "../route/index.ts";
import { RefRow } from "./ref-row.tsx";
import { ServiceList } from "./service-list.tsx";
import { ShareRow } from "./share-row.tsx";
import { useSharing } from "./sharing-store.ts";
import { isOpen } from "./words.ts";

/** Everything that others can see or do: all copies and all links, those that work first, the newest first. */
export function SharesView() {
  const { sharing, store } = useSharing();
  const { sessions, archived } = useLibrary();
  const titleOf = (id: string | undefined): string | undefined =>
    id === undefined ? undefined : (sessions.get(id) ?? archived?.get(id))?.title;
  const shares = [...sharing.shares.values()].toSorted(
    (one, other) => Number(isOpen(other)) - Number(isOpen(one)) || other.time.created - one.time.created,
  );
  const grants = [...sharing.grants.values()].toSorted(
    (one, other) =>
      Number(other.ended === undefined) - Number(one.ended === undefined) ||
      other.time.created - one.time.created,
  );
  return (
    <div className="scroll-area flex-1">
      <div className="mx-auto flex w-full max-w-3xl flex-col gap-6 px-4 py-5">
        <header className="flex flex-wrap items-start gap-x-3 gap-y-2">
          <h1 className="min-w-0 flex-1 basis-40 text-lg font-semibold">Shares and links</h1>
          <ServiceLists shares={shares} />
        </header>
        {sharing.phase === "loading" && <Skeleton lines={5} label="Reading what is shared" />}
        {sharing.phase === "failed" && (
          <Notice
            tone="danger"
            role="alert"
            action={
              <Button size="small" onClick={() => void store.read()}>
                Try again
              </Button>
            }
          >
            What is shared could not be read: {sharing.error}
          </Notice>
        )}
        {sharing.phase === "ready" && shares.length + grants.length === 0 && (
          <Empty title="Nothing is shared">
            A session is shared from the end of its header. What is, stands here until it is taken back.
          </Empty>
        )}
        <List title="Copies on services" isEmpty={shares.length === 0}>
          {shares.map((share) => (
            <ShareRow key={share.id} share={share} title={shareTitle(share)} onChange={store.putShare} />
          ))}
        </List>
        <List title="Links into sessions" isEmpty={grants.length === 0}>
          {grants.map((grant) => (
            <RefRow
              key={grant.id}
              grant={grant}
              title={grantTitle(grant, titleOf(grant.target.id))}
              onChange={store.putGrant}
            />
          ))}
        </List>
      </div>
    </div>
  );
}

/** The way to what each service keeps for the key of this Holdfast, also of other machines that have the key. */
function ServiceLists({ shares }: { shares: readonly Share[] }) {
  const services = [...new Set(shares.map(({ service }) => service))];
  if (services.length <= 1) return <ServiceList service={services[0]} label="Open the service’s list" />;
  return services.map((service) => (
    <ServiceList key={service} service={service} label={`Open the list of ${new URL(service).host}`} />
  ));
}

function List({ title, isEmpty, children }: { title: string; isEmpty: boolean; children: ReactNode }) {
  if (isEmpty) return null;
  return (
    <section aria-label={title}>
      <h2 className="mb-2 font-semibold">{title}</h2>
      <ul className="divide-y divide-line rounded-lg border border-line">{children}</ul>
    </section>
  );
}

const TITLE = "block truncate font-medium";

function shareTitle({ sessionId, title }: Share): ReactNode {
  const words = <Exact text={title} as="words" className={TITLE} />;
  if (sessionId === undefined) return words;
  return (
    <Link to={{ at: "session", sessionId }} className="text-accent underline underline-offset-2">
      {words}
    </Link>
  );
}

function grantTitle({ target }: Grant, title: string | undefined): ReactNode {
  if (target.kind !== "session" || title === undefined) return null;
  return (
    <Link to={{ at: "session", sessionId: target.id }} className="text-accent underline underline-offset-2">
      <Exact text={title} as="words" className="block truncate text-xs" />
    </Link>
  );
}
