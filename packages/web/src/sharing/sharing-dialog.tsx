import { type CreateRef, type Session, visibleText } from "@holdfast/protocol";
import { Globe, KeyRound, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Dialog, IconButton, Notice, Skeleton } from "../design/index.ts";
import { FocusPlace } from "./focus-place.tsx";
import { LinkBox } from "./link-box.tsx";
import { RefForm } from "./ref-form.tsx";
import { RefRow } from "./ref-row.tsx";
import { ShareForm } from "./share-form.tsx";
import { ShareRow } from "./share-row.tsx";
import { useSharing } from "./sharing-store.ts";

type At =
  | { at: "overview" }
  | { at: "share" }
  | { at: "ref" }
  | { at: "link"; link: string; meaning: string; isShownOnce: boolean; remedy?: string };

const TITLES: Record<At["at"], string> = {
  overview: "Sharing",
  share: "Share a copy of this session",
  ref: "Let somebody into this session",
  link: "The link",
};

/** Everything about who else sees a session: what is shared of it, who was let in, and how more are. */
export function SharingDialog({
  session,
  onClose,
}: {
  session: Pick<Session, "id" | "title">;
  onClose: () => void;
}) {
  const [place, setPlace] = useState<At>({ at: "overview" });
  const { store } = useSharing();
  const back = () => setPlace({ at: "overview" });
  const { make } = useRefMaker((link) =>
    setPlace({
      at: "link",
      link,
      meaning: "Whoever has it can do what it allows, until it ends.",
      isShownOnce: true,
      remedy: "For others, tell this Holdfast the address by which they reach it (HOLDFAST_PUBLIC_URL).",
    }),
  );
  return (
    <Dialog
      label={`Sharing of ${visibleText(session.title, "words")}`}
      onClose={onClose}
      className="mt-[max(1rem,6dvh)] max-h-[88dvh] w-[min(40rem,calc(100vw-2rem))] flex-col overflow-hidden open:flex"
    >
      <header className="flex shrink-0 items-center gap-2 border-b border-line py-2 pr-2 pl-4">
        <h2 className="min-w-0 flex-1 font-semibold">{TITLES[place.at]}</h2>
        <IconButton label="Close" onClick={onClose}>
          <X size={16} />
        </IconButton>
      </header>
      <FocusPlace key={place.at} className="scroll-area p-4">
        {place.at === "overview" && (
          <Overview
            sessionId={session.id}
            onShare={() => setPlace({ at: "share" })}
            onRef={() => setPlace({ at: "ref" })}
          />
        )}
        {place.at === "share" && (
          <ShareForm
            sessionId={session.id}
            onMade={(share, link) => {
              store.putShare(share);
              setPlace({
                at: "link",
                link,
                meaning: "Whoever has it can read this session.",
                isShownOnce: false,
              });
            }}
            onCancel={back}
          />
        )}
        {place.at === "ref" && (
          <RefForm target={{ kind: "session", id: session.id }} onMake={make} onCancel={back} />
        )}
        {place.at === "link" && (
          <div className="flex flex-col gap-4">
            <LinkBox {...place} />
            <div>
              <Button onClick={back}>Back to what is shared</Button>
            </div>
          </div>
        )}
      </FocusPlace>
    </Dialog>
  );
}

function useRefMaker(onMade: (link: string) => void) {
  const client = useClient();
  const { store } = useSharing();
  const make = async (wish: CreateRef) => {
    const { ref, secret, link } = await client.createRef(wish);
    store.putGrant(ref);
    onMade(`${link.base}${secret ?? ""}`);
  };
  return { make };
}

type OverviewProps = { sessionId: string; onShare: () => void; onRef: () => void };

function Overview({ sessionId, onShare, onRef }: OverviewProps) {
  const { sharing, store } = useSharing();
  const shares = [...sharing.shares.values()].filter((share) => share.sessionId === sessionId);
  const grants = [...sharing.grants.values()].filter(({ target }) => target.id === sessionId);
  return (
    <div className="flex flex-col gap-5">
      <div className="grid gap-3 sm:grid-cols-2">
        <Way
          icon={<Globe size={16} />}
          title="A copy to read"
          meaning="On a service, kept up to date by itself. Readers need no access to this machine."
          action="Share a copy"
          onClick={onShare}
        />
        <Way
          icon={<KeyRound size={16} />}
          title="This session itself"
          meaning="For somebody who can reach this Holdfast: to look on, to comment, to answer, to prompt."
          action="Let somebody in"
          onClick={onRef}
        />
      </div>
      {sharing.phase === "loading" && <Skeleton lines={3} label="Reading what is shared" />}
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
          {sharing.error}
        </Notice>
      )}
      {shares.length > 0 && (
        <section aria-label="Copies">
          <h3 className="mb-1.5 text-sm font-medium">Copies</h3>
          <ul className="divide-y divide-line rounded-lg border border-line">
            {shares.map((share) => (
              <ShareRow key={share.id} share={share} onChange={store.putShare} />
            ))}
          </ul>
        </section>
      )}
      {grants.length > 0 && (
        <section aria-label="Let in">
          <h3 className="mb-1.5 text-sm font-medium">Let in</h3>
          <ul className="divide-y divide-line rounded-lg border border-line">
            {grants.map((grant) => (
              <RefRow key={grant.id} grant={grant} onChange={store.putGrant} />
            ))}
          </ul>
        </section>
      )}
      {sharing.phase === "ready" && shares.length + grants.length === 0 && (
        <p className="text-sm text-ink-soft">Nobody else sees this session.</p>
      )}
    </div>
  );
}

type WayProps = { icon: ReactNode; title: string; meaning: string; action: string; onClick: () => void };

const Way = ({ icon, title, meaning, action, onClick }: WayProps) => (
  <section className="flex flex-col items-start gap-2 rounded-lg border border-line p-3">
    <h3 className="flex items-center gap-2 text-sm font-semibold">
      {icon} {title}
    </h3>
    <p className="flex-1 text-sm text-ink-soft">{meaning}</p>
    <Button onClick={onClick}>{action}</Button>
  </section>
);
