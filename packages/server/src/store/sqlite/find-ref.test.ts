import { FakeClock, newId } from "@holdfast/kernel";
import { openInlineRunner, type SqlValue } from "@holdfast/sqlite";
import { expect, test } from "vitest";
import { makeRef, someHash } from "../../../test/contract/ref-rig.ts";
import { OWNER, StoreRig } from "../../../test/contract/rig.ts";
import { commandModule, sqliteStoreOn } from "./index.ts";

test("[S-15] a secret that does not work costs the same statements whatever became of its ref, so that time tells nothing", async () => {
  const clock = new FakeClock();
  const runner = openInlineRunner({ module: commandModule, clock });
  const heard: string[] = [];
  const inner = runner.reader;
  const reader: typeof inner = {
    ...inner,
    get: <T>(sql: string, params?: readonly SqlValue[]) => {
      heard.push(sql);
      return inner.get<T>(sql, params);
    },
    all: <T>(sql: string, params?: readonly SqlValue[]) => {
      heard.push(sql);
      return inner.all<T>(sql, params);
    },
  };
  const store = sqliteStoreOn({ ...runner, reader }, { directory: "/nowhere", clock });
  const rig = await StoreRig.open(() =>
    Promise.resolve({
      store,
      reopen: () => Promise.resolve(store),
      close: () => store.close(),
      age: () => Promise.resolve(),
    }),
  );
  const sessionId = await rig.session();
  const now = clock.now();
  const [works, revoked, below, expired, old] = Array.from({ length: 5 }, someHash) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const other = await rig.session();
  await makeRef(rig, other, { hash: works });
  const parent = await makeRef(rig, sessionId, { hash: revoked });
  await makeRef(rig, sessionId, { hash: below, parentId: parent.id, rights: ["read"] });
  await makeRef(rig, sessionId, { hash: expired, caveats: { expiresAt: now } });
  await makeRef(rig, sessionId, { hash: old });
  await store.revokeRef({ actor: OWNER, refId: parent.id });
  const asked = async (hash: string) => {
    heard.length = 0;
    const found = await store.findRef({ hash, now });
    return { statements: [...heard], ended: found?.ended };
  };
  const unknown = await asked(someHash());
  expect(unknown.statements).toHaveLength(2);
  const { statements } = unknown;
  expect(await asked(revoked)).toEqual({ statements, ended: "revoked" });
  expect(await asked(below)).toEqual({ statements, ended: "parentRevoked" });
  expect(await asked(expired)).toEqual({ statements, ended: "expired" });
  await store.renewRefs({
    actor: OWNER,
    sessionId,
    from: 1,
    refId: newId("ref"),
    hash: someHash(),
    label: "",
  });
  expect(await asked(old)).toEqual({ statements, ended: "epoch" });
  await store.deleteSession({ actor: OWNER, sessionId });
  expect(await asked(old)).toEqual({ statements, ended: "targetGone" });
  expect((await asked(works)).ended).toBeUndefined();
  await rig.close();
});
