import type { Share } from "@holdfast/protocol";
import { describe, expect, test } from "vitest";
import { actionWords, byOthers, defaultRefMs, isLocalOnly, lagOf, SHARE_WORDS } from "./words.ts";

const share = (more: Partial<Share>): Share => ({
  id: "shr_00000000000000000000000001" as Share["id"],
  title: "A session",
  service: "https://share.test",
  state: "live",
  waiting: 0,
  attempts: 0,
  omitted: 0,
  includes: { files: false, others: false },
  createdBy: { id: "owner", kind: "owner", label: "Owner" },
  time: { created: 0, updated: 0 },
  ...more,
});

describe("what the page says of shares", () => {
  test("[S-2] a share that the service has not given back yet is said to be not confirmed", () => {
    expect(SHARE_WORDS.revoking).toMatchObject({ label: "not confirmed", tone: "attention" });
  });

  test("[S-21] says how far readers are behind", () => {
    expect(lagOf(share({}), 0)).toBe("Readers see all of it.");
    expect(lagOf(share({ waiting: 1 }), 0)).toBe("1 row waits to be sent.");
    expect(lagOf(share({ waiting: 1_200, waitingSince: 1_000 }), 13_000)).toBe(
      "1,200 rows wait to be sent, the oldest for 12 s.",
    );
    expect(lagOf(share({ state: "revoked", waiting: 3 }), 0)).toBe("");
    expect(lagOf(share({ state: "paused" }), 0)).toBe("");
    expect(lagOf(share({ state: "paused", waiting: 2 }), 0)).toBe("2 rows wait to be sent.");
  });

  test("[S-16] who looked is not who publishes, and an unknown act is shown by its name", () => {
    const entry = { peer: "10.0.0.1", count: 1, first: 0, last: 0 };
    const acts = ["createShare", "listRefs", "redeemShare", "live"].map((action) => ({ ...entry, action }));
    expect(byOthers(acts).map(({ action }) => actionWords(action))).toEqual([
      "opened the link",
      "watched live",
    ]);
    expect(actionWords("later.act")).toBe("later.act");
  });

  test.each([
    ["http://127.0.0.1:4681/s/x", true],
    ["http://localhost:4681/s/x", true],
    ["http://[::1]:4681/s/x", true],
    ["https://share.example/s/x", false],
    ["https://127.example/s/x", false],
    ["no address", false],
  ])("[S-1] %s leads to this machine alone: %s", (link, isLocal) => {
    expect(isLocalOnly(link)).toBe(isLocal);
  });

  test("[S-28] a link that may prompt ends after a day unless somebody says otherwise", () => {
    expect(defaultRefMs(["read", "prompt"])).toBe(86_400_000);
    expect(defaultRefMs(["read"])).toBe(7 * 86_400_000);
  });
});
