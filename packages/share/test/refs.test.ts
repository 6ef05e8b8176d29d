import { newId, newRefSecret } from "@holdfast/kernel";
import { expect, test } from "vitest";
import {
  codeOf,
  ids,
  KEY,
  message,
  newRef,
  PEER,
  Publisher,
  type Ref,
  seen,
  session,
  world,
} from "./share-fixture.ts";

const started = () => new Publisher(world()).started(session());
const bare = ({ refId, secretHash }: Ref) => ({ refId, secretHash });

test("[S-15] unknown, revoked, expired, used-up and epoch-dead secrets get one answer", async () => {
  const publisher = await started();
  const [revoked, expired, used, old] = [
    await publisher.link(),
    await publisher.link({ caveats: { expiresAt: publisher.world.clock.now() + 1_000 } }),
    await publisher.link({ rights: ["comment"], caveats: { maxUses: 1 } }),
    await publisher.link(),
  ];
  await publisher.call("revokeCapability", { refId: revoked.refId }, publisher.owner.secret);
  const { messageId } = ids();
  await publisher.publish(message(messageId, 0));
  await publisher.call("comment", { id: newId("cmt"), on: messageId, text: "one" }, used.secret);
  publisher.world.clock.advance(1_000);
  const owner = newRef();
  const refusal = async (bearer: string, shareId = publisher.shareId): Promise<string> => {
    publisher.world.clock.advance(60_000);
    const request = { shareId, args: {}, caller: { bearer, peer: PEER } };
    return publisher.world.service.call("readSession", request).then(
      () => "read",
      ({ code, message: said, data }: { code: string; message: string; data?: unknown }) =>
        JSON.stringify([code, said, data]),
    );
  };
  const answers = [
    await refusal(newRefSecret()),
    await refusal(revoked.secret),
    await refusal(expired.secret),
    await refusal(used.secret),
  ];
  await publisher.call("bumpEpoch", { from: 1, owner: bare(owner) }, publisher.owner.secret);
  answers.push(
    await refusal(old.secret),
    await refusal(publisher.owner.secret),
    await refusal("no secret at all"),
  );
  answers.push(await refusal(revoked.secret, newId("shr")));
  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toContain("REF_NOT_VALID");
});

test("[S-15] a stranger's secret costs the same statements whatever became of it, so that time tells nothing", async () => {
  const publisher = await started();
  const { world: here, shareId } = publisher;
  const parent = await publisher.link({ rights: ["read", "share"] });
  const [revoked, expired, used, below, old] = [
    await publisher.link(),
    await publisher.link({ caveats: { expiresAt: here.clock.now() + 1_000 } }),
    await publisher.link({ caveats: { maxUses: 1 } }),
    await publisher.link({}, parent),
    await publisher.link(),
  ];
  for (const { refId } of [revoked, parent])
    await publisher.call("revokeCapability", { refId }, publisher.owner.secret);
  const elsewhere = { bearer: used.secret, peer: "192.0.2.9" };
  await here.service.call("readSession", { shareId, args: {}, caller: elsewhere });
  here.clock.advance(1_000);
  // The first look writes the expiry down, whoever it is.
  await codeOf(publisher.call("readSession", {}, newRefSecret()));
  const asked = async (bearer: string, id = shareId): Promise<string[][]> => {
    here.clock.advance(60_000);
    const caller = { bearer, peer: PEER };
    const refusals = [
      () => here.service.call("readSession", { shareId: id, args: {}, caller }),
      () => here.service.redeemLink(caller),
    ];
    const all: string[][] = [];
    for (const refusal of refusals)
      all.push(await here.statementsOf(async () => expect(await codeOf(refusal())).toBe("REF_NOT_VALID")));
    return all;
  };
  const unknown = await asked(newRefSecret());
  expect(unknown.map(({ length }) => length)).toEqual([8, 10]);
  for (const { secret } of [revoked, expired, used, below]) expect(await asked(secret)).toEqual(unknown);
  expect(await asked("no secret at all")).toEqual(unknown);
  expect((await asked(newRefSecret(), newId("shr")))[0]).toEqual(unknown[0]);
  await publisher.call("bumpEpoch", { from: 1, owner: bare(newRef()) }, publisher.owner.secret);
  expect(await asked(old.secret)).toEqual(unknown);
  await publisher.call("revokeShare", {}, KEY);
  for (const { secret } of [revoked, expired, used, below, old]) expect(await asked(secret)).toEqual(unknown);
});

test("[S-15] an expiry that was seen holds when the clock is set back", async () => {
  const publisher = await started();
  const link = await publisher.link({ caveats: { expiresAt: publisher.world.clock.now() + 1_000 } });
  publisher.world.clock.advance(2_000);
  expect(await codeOf(publisher.call("readSession", {}, link.secret))).toBe("REF_NOT_VALID");
  publisher.world.clock.jump(-10_000);
  expect(await codeOf(publisher.call("readSession", {}, link.secret))).toBe("REF_NOT_VALID");
});

test("[S-14] a ref that reads cannot append, comment, give refs on or revoke", async () => {
  const publisher = await started();
  const link = await publisher.link();
  const { messageId } = ids();
  const tries = [
    publisher.call("appendOps", publisher.freeze([session()]), link.secret),
    publisher.call("comment", { id: newId("cmt"), on: messageId, text: "x" }, link.secret),
    publisher.call("attenuate", { ...bare(newRef()), rights: ["read"] }, link.secret),
    publisher.call("revokeCapability", { refId: link.refId }, link.secret),
    publisher.call("updateShare", { title: "x" }, link.secret),
    publisher.call("revokeShare", {}, link.secret),
    publisher.call("readAudit", {}, link.secret),
  ];
  expect(await Promise.all(tries.map(codeOf))).toEqual(tries.map(() => "FORBIDDEN"));
  expect(await codeOf(publisher.call("readSession", {}))).toBe("FORBIDDEN");
});

test("[S-15] a child has no right, time, use or reader more than its parent, and inherits what it does not name", async () => {
  const publisher = await started();
  const now = publisher.world.clock.now();
  const parent = await publisher.link({
    rights: ["comment", "share"],
    caveats: { expiresAt: now + 10_000, maxUses: 5, audience: "Ada" },
  });
  const same = { expiresAt: now + 10_000, maxUses: 5, audience: "Ada" };
  const wider = [
    { rights: ["admin" as const], caveats: same },
    { rights: ["append" as const], caveats: same },
    { rights: ["prompt" as const], caveats: same },
    { caveats: { ...same, expiresAt: now + 10_001 } },
    { caveats: { ...same, maxUses: 6 } },
    { caveats: { ...same, audience: "Bob" } },
  ];
  for (const args of wider) expect(await codeOf(publisher.link(args, parent))).toBe("REF_WIDENS");
  expect(await codeOf(publisher.link({ caveats: { ...same, tools: ["bash"] } }, parent))).toBe(
    "CAVEAT_UNENFORCEABLE",
  );
  const child = await publisher.link({ rights: ["comment"], caveats: { ...same, maxUses: 1 } }, parent);
  expect((await publisher.call("redeemShare", {}, child.secret)).rights).toEqual(["read", "comment"]);
  const plain = await publisher.link({}, parent);
  expect((await publisher.call("redeemShare", {}, plain.secret)).caveats).toEqual(same);
});

test("[S-16] uses of a child are uses of its parent, and a reader is counted once a day", async () => {
  const publisher = await started();
  const parent = await publisher.link({ rights: ["read", "share"], caveats: { maxUses: 2 } });
  const children = [await publisher.link({ caveats: { maxUses: 1 } }, parent)];
  const [child] = children;
  const readFrom = (peer: string) =>
    codeOf(
      publisher.world.service.call("readSession", {
        shareId: publisher.shareId,
        args: {},
        caller: { bearer: child?.secret, peer },
      }),
    );
  expect([await readFrom("a"), await readFrom("a"), await readFrom("b"), await readFrom("a")]).toEqual([
    undefined,
    undefined,
    "REF_NOT_VALID",
    undefined,
  ]);
});

test("[S-13] revoking a ref ends what comes from it, at once, and again changes nothing", async () => {
  const publisher = await started();
  const parent = await publisher.link({ rights: ["read", "share"] });
  const child = await publisher.link({ rights: ["read", "share"] }, parent);
  const grandchild = await publisher.link({}, child);
  expect(await codeOf(publisher.call("revokeCapability", { refId: parent.refId }, child.secret))).toBe(
    "NOT_FOUND",
  );
  const first = await publisher.call(
    "revokeCapability",
    { refId: parent.refId, reason: "enough" },
    publisher.owner.secret,
  );
  expect(first.ref).toMatchObject({ ended: "revoked", revoked: { reason: "enough" } });
  expect(await publisher.call("revokeCapability", { refId: parent.refId }, publisher.owner.secret)).toEqual(
    first,
  );
  for (const ref of [parent, child, grandchild])
    expect(await codeOf(publisher.call("redeemShare", {}, ref.secret))).toBe("REF_NOT_VALID");
  const { items } = await publisher.call("listRefs", {}, publisher.owner.secret);
  expect(items.map(({ id, ended }) => [id, ended])).toEqual([
    [grandchild.refId, "parentRevoked"],
    [child.refId, "parentRevoked"],
    [parent.refId, "revoked"],
    [publisher.append.refId, undefined],
    [publisher.owner.refId, undefined],
  ]);
});

test("[S-15] who may give refs on sees and revokes its own line alone", async () => {
  const publisher = await started();
  const [one, two] = [
    await publisher.link({ rights: ["share"] }),
    await publisher.link({ rights: ["share"] }),
  ];
  const below = await publisher.link({}, one);
  const { items } = await publisher.call("listRefs", {}, one.secret);
  expect(items.map(({ id }) => id)).toEqual([below.refId, one.refId]);
  expect(await codeOf(publisher.call("revokeCapability", { refId: below.refId }, two.secret))).toBe(
    "NOT_FOUND",
  );
  expect(
    await codeOf(publisher.call("revokeCapability", { refId: below.refId }, one.secret)),
  ).toBeUndefined();
});

test("[S-25] the same ref again is the same grant, and its id with another secret is refused", async () => {
  const publisher = await started();
  const ref = newRef();
  const args = { ...bare(ref), rights: ["read" as const], label: "Ada" };
  const first = await publisher.call("attenuate", args, publisher.owner.secret);
  expect(await publisher.call("attenuate", args, publisher.owner.secret)).toEqual(first);
  expect(
    await codeOf(
      publisher.call("attenuate", { ...args, secretHash: newRef().secretHash }, publisher.owner.secret),
    ),
  ).toBe("CONFLICT");
  await publisher.call("revokeCapability", { refId: ref.refId }, publisher.owner.secret);
  expect((await publisher.call("attenuate", args, publisher.owner.secret)).ref.ended).toBe("revoked");
});

test("[S-13] a bump ends every ref of before, gives its maker a new one, and comes again without bumping twice", async () => {
  const publisher = await started();
  const link = await publisher.link();
  const [owner, append] = [newRef(), newRef()];
  const args = { from: 1, owner: bare(owner), append: bare(append) };
  const frozen = publisher.freeze([session("after the bump")]);
  expect(await publisher.call("bumpEpoch", args, publisher.owner.secret)).toEqual({ capabilityEpoch: 2 });
  for (const bearer of [publisher.owner.secret, owner.secret, KEY])
    expect(await publisher.call("bumpEpoch", args, bearer)).toEqual({ capabilityEpoch: 2 });
  expect(await codeOf(publisher.call("readSession", {}, link.secret))).toBe("REF_NOT_VALID");
  expect(await codeOf(publisher.call("bumpEpoch", { from: 1, owner: bare(newRef()) }, owner.secret))).toBe(
    "EPOCH_STALE",
  );
  expect(await codeOf(publisher.call("appendOps", frozen))).toBe("REF_NOT_VALID");
  expect(await codeOf(publisher.call("appendOps", frozen, append.secret))).toBe("EPOCH_STALE");
  expect(await publisher.call("appendOps", { ...frozen, capabilityEpoch: 2 }, append.secret)).toMatchObject({
    applied: 1,
  });
  expect((await seen(publisher, owner.secret)).session?.title).toBe("after the bump");
});

test("[S-15] who renews through a ref that was given on gets what that allowed, and never what writes the share", async () => {
  const publisher = await started();
  const expiresAt = publisher.world.clock.now() + 10_000;
  const given = await publisher.link({
    rights: ["admin"],
    caveats: { expiresAt, maxUses: 3, audience: "Ada" },
    label: "Ada",
  });
  const [owner, append] = [newRef(), newRef()];
  const args = { from: 1, owner: bare(owner) };
  const both = publisher.call("bumpEpoch", { ...args, append: bare(append) }, given.secret);
  expect(await codeOf(both)).toBe("FORBIDDEN");
  await publisher.call("updateShare", { title: "hers" }, given.secret);
  expect(await publisher.call("bumpEpoch", args, given.secret)).toEqual({ capabilityEpoch: 2 });
  expect(await publisher.call("redeemShare", {}, owner.secret)).toMatchObject({
    rights: ["read", "admin"],
    caveats: { expiresAt, maxUses: 3, audience: "Ada" },
  });
  const next = { from: 2, owner: bare(newRef()) };
  const again = publisher.call("bumpEpoch", { ...next, append: bare(append) }, owner.secret);
  expect(await codeOf(again)).toBe("FORBIDDEN");
  await publisher.call("updateShare", { title: "hers again" }, owner.secret);
  expect(await codeOf(publisher.call("bumpEpoch", next, owner.secret))).toBe("REF_NOT_VALID");
  publisher.world.clock.advance(10_000);
  expect(await codeOf(publisher.call("readSession", {}, owner.secret))).toBe("REF_NOT_VALID");
});

test("[S-16] every use is in the audit: a write by itself, reads by address and hour, refusals as a count", async () => {
  const publisher = await started();
  const link = await publisher.link({ rights: ["comment"], label: "Ada" });
  const { messageId } = ids();
  await publisher.publish(message(messageId, 0));
  for (let count = 0; count < 3; count += 1) await publisher.call("readSession", {}, link.secret);
  await publisher.call("comment", { id: newId("cmt"), on: messageId, text: "hello" }, link.secret);
  await codeOf(publisher.call("readSession", {}, newRefSecret()));
  publisher.world.clock.advance(5_000);
  const { items } = await publisher.call("readAudit", {}, publisher.owner.secret);
  const of = (action: string) => items.filter((entry) => entry.action === action);
  expect(of("read")).toMatchObject([{ refId: link.refId, peer: PEER, count: 3 }]);
  expect(of("comment")).toMatchObject([{ refId: link.refId, count: 1 }]);
  expect(of("refused")).toMatchObject([{ count: 1 }]);
  expect(of("refused")[0]?.refId).toBeUndefined();
  expect(of("appendOps")).toMatchObject([{ refId: publisher.append.refId, count: 2 }]);
  expect(of("attenuate")).toMatchObject([{ refId: publisher.owner.refId, detail: link.refId }]);
  expect(
    (await publisher.call("readAudit", { refId: link.refId }, publisher.owner.secret)).items,
  ).toHaveLength(2);
});

test("[S-15] an address that guesses is slowed down, and readers are not", async () => {
  const publisher = await started();
  const codes: unknown[] = [];
  for (let count = 0; count < 12; count += 1)
    codes.push(await codeOf(publisher.call("readSession", {}, newRefSecret())));
  expect(codes.slice(0, 10)).toEqual(codes.slice(0, 10).map(() => "REF_NOT_VALID"));
  expect(codes.slice(10)).toEqual(["RATE_LIMITED", "RATE_LIMITED"]);
  expect(await codeOf(publisher.call("readSession", {}, publisher.owner.secret))).toBeUndefined();
});

test("[S-16] a repetition is no use, and is answered when none is left", async () => {
  const publisher = await started();
  const { messageId } = ids();
  await publisher.publish(message(messageId, 0));
  const link = await publisher.link({ rights: ["comment"], caveats: { maxUses: 1 } });
  const args = { id: newId("cmt"), on: messageId, text: "once" };
  const made = await publisher.call("comment", args, link.secret);
  expect(await publisher.call("comment", args, link.secret)).toEqual(made);
  expect(await codeOf(publisher.call("comment", { ...args, id: newId("cmt") }, link.secret))).toBe(
    "REF_NOT_VALID",
  );
});
