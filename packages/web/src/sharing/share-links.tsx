import type { HoldfastClient } from "@holdfast/client";
import type { CreateRef, Grant, ShareId } from "@holdfast/protocol";
import { Plus } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useClient } from "../data/index.ts";
import { Button, Notice, Skeleton } from "../design/index.ts";
import { FocusPlace } from "./focus-place.tsx";
import { LinkBox } from "./link-box.tsx";
import { RefForm } from "./ref-form.tsx";
import { RefRow } from "./ref-row.tsx";

/** The links of a copy: the one that reads it, further ones that may less, more or shorter, and how each is taken back (S-13 to S-16). */
export function ShareLinks({ shareId, canAdd }: { shareId: ShareId; canAdd: boolean }) {
  const { links, problem, read, put } = useLinks(shareId);
  const client = useClient();
  const [further, setFurther] = useState<"form" | { link: string } | undefined>();
  const make = async (wish: CreateRef) => {
    const { ref, secret, link } = await client.createRef(wish);
    put(ref);
    setFurther({ link: `${link.base}${secret ?? ""}` });
  };
  return (
    <div className="mt-1 flex flex-col gap-4 border-t border-line pt-3">
      {links !== undefined && (
        <LinkBox link={links.link} meaning="Whoever has it can read this session." isShownOnce={false} />
      )}
      {problem !== undefined && (
        <Notice
          tone="danger"
          role="alert"
          action={
            <Button size="small" onClick={() => void read()}>
              Try again
            </Button>
          }
        >
          {problem}
        </Notice>
      )}
      {links === undefined && problem === undefined && <Skeleton lines={3} label="Reading its links" />}
      {links !== undefined && links.grants.length > 0 && (
        <ul aria-label="Links of it" className="-mx-3 divide-y divide-line border-y border-line">
          {links.grants.map((grant) => (
            <RefRow
              key={grant.id}
              grant={grant}
              onChange={(next) => {
                put(next);
                void read();
              }}
            />
          ))}
        </ul>
      )}
      {canAdd && further === undefined && (
        <div>
          <Button size="small" onClick={() => setFurther("form")}>
            <Plus size={14} /> Another link
          </Button>
        </div>
      )}
      {further === "form" && (
        <FocusPlace>
          <RefForm
            target={{ kind: "share", id: shareId }}
            onMake={make}
            onCancel={() => setFurther(undefined)}
          />
        </FocusPlace>
      )}
      {typeof further === "object" && (
        <section aria-label="The further link">
          <FocusPlace className="flex flex-col gap-3">
            <LinkBox
              link={further.link}
              meaning="Whoever has it can do what it allows, until it ends."
              isShownOnce
            />
            <div>
              <Button size="small" onClick={() => setFurther(undefined)}>
                Done
              </Button>
            </div>
          </FocusPlace>
        </section>
      )}
    </div>
  );
}

type Links = { link: string; grants: readonly Grant[] };

/** What is known here stays when the service cannot be asked; what was ended here stays so until the service says it too. */
function useLinks(shareId: ShareId) {
  const client = useClient();
  const [links, setLinks] = useState<Links | undefined>();
  const [known, setKnown] = useState<ReadonlyMap<string, Grant>>(new Map());
  const [problem, setProblem] = useState<string | undefined>();
  const read = useCallback(async () => {
    setProblem(undefined);
    try {
      const { url } = await client.shareLink(shareId);
      setLinks((now) => ({ grants: [], ...now, link: url }));
      setLinks({ link: url, grants: await grantsOf(client, shareId) });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }, [client, shareId]);
  useEffect(() => void read(), [read]);
  const put = (grant: Grant) => setKnown((now) => new Map(now).set(grant.id, grant));
  return { links: links && { ...links, grants: merged(links.grants, known) }, problem, read, put };
}

/** Pages of a service's list that are read: a share has few links. */
const MOST_PAGES = 5;

async function grantsOf(client: HoldfastClient, shareId: ShareId): Promise<Grant[]> {
  const grants: Grant[] = [];
  let before: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { items, next } = await client.listShareRefs(shareId, before === undefined ? {} : { before });
    grants.push(...items);
    if (next === undefined) break;
    before = next;
  }
  return grants;
}

/** Those of the service first said, and what it was not told yet; those that work first, the newest first. */
function merged(told: readonly Grant[], known: ReadonlyMap<string, Grant>): Grant[] {
  const all = new Map(known);
  for (const grant of told) {
    const here = known.get(grant.id);
    all.set(grant.id, here?.ended !== undefined && grant.ended === undefined ? here : grant);
  }
  return [...all.values()].toSorted(
    (one, other) =>
      Number(other.ended === undefined) - Number(one.ended === undefined) ||
      other.time.created - one.time.created,
  );
}
