/** Real programs, put back from what was kept of them: what ended stays ended, and of copies one publishes (S-23, S-24). */
import { execFile } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createShareReader, redeemLink } from "@holdfast/client";
import type { Share } from "@holdfast/protocol";
import { expect, test } from "vitest";
import {
  HOLDFAST,
  type HoldfastProcess,
  startHoldfast,
  startShareService,
  temporaryDirectory,
  until,
} from "../harness/index.ts";
import { isWhole } from "../harness/sample.ts";

const KEY = "publish-key-".padEnd(40, "k");

async function holdfast(home: string, ...args: string[]): Promise<void> {
  const env = { PATH: process.env["PATH"], HOME: home };
  await promisify(execFile)(process.execPath, [HOLDFAST, ...args], { env });
}

const secretOf = (link: { url: string }): string => link.url.split("/").at(-1) ?? "";

const say = async (server: HoldfastProcess, sessionId: string, text: string): Promise<void> => {
  await server.client.admitInput(sessionId, { parts: [{ type: "text", text: `SAY ${text}` }] });
  await until("the turn to end", async () => (await server.client.getSession(sessionId)).status === "idle");
};

const reached = (server: HoldfastProcess, id: string, state: Share["state"]): Promise<Share> =>
  until(`the share to be ${state}`, async () => {
    const share = await server.client.getShare(id);
    return share.state === state ? share : undefined;
  });

/** Waits until the service wrote down that it was told of a ref, or of its end. */
const told = (server: HoldfastProcess, id: string, action: "attenuate" | "revokeCapability", refId: string) =>
  until(`the service to be told of ${action}`, async () => {
    const audit = await server.client.shareAudit(id).catch(() => undefined);
    return audit?.items.some((entry) => entry.action === action && entry.detail === refId);
  });

/** In the whole suite: ten programs are started, and `test/simulate` shows the same of the shipped modules with each run. */
test.runIf(isWhole)(
  "[S-23, S-24] what was revoked stays so after a restore of either side, and of two copies of a directory one publishes",
  async () => {
    await using root = await temporaryDirectory("restores");
    await using stack = new AsyncDisposableStack();
    const place = (name: string) => join(root.path, name);
    let service = await startShareService(place("service"), KEY);
    stack.defer(() => service[Symbol.asyncDispose]());
    const { url } = service;
    const port = { HOLDFAST_SHARE_PORT: new URL(url).port };
    const environment = { HOLDFAST_SHARE_SERVICE: url, HOLDFAST_SHARE_KEY: KEY };
    let server = await startHoldfast({ root: place("one"), environment });
    stack.defer(() => server[Symbol.asyncDispose]());
    const works = async (token: string): Promise<boolean> => {
      try {
        await redeemLink({ url, token });
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: "REF_NOT_VALID" });
        return false;
      }
    };
    /** Waits until the link shows this; it has to work meanwhile. */
    const shows = (token: string, wanted: RegExp): Promise<string> =>
      until(`the link to show ${String(wanted)}`, async () => {
        const { shareId } = await redeemLink({ url, token });
        const text = JSON.stringify(await createShareReader({ url, token, shareId }).readMessages({}));
        return wanted.test(text) ? text : undefined;
      });

    const { id: sessionId } = await server.client.createSession({ directory: server.project, title: "Kept" });
    await say(server, sessionId, "first");
    const { previewId } = await server.client.previewShare(sessionId);
    const { share, link } = await server.client.createShare(sessionId, { previewId });
    const target = { kind: "share", id: share.id } as const;
    const { ref: guest, secret: guests = "" } = await server.client.createRef({ target, rights: ["read"] });
    const own = secretOf(link);
    await told(server, share.id, "attenuate", guest.id);
    await shows(guests, /first/);

    // Both sides are put away, and what is revoked after that is in no copy.
    expect([await server.stop(), await service.stop()]).toEqual([0, 0]);
    await holdfast(
      place("service"),
      "--data-dir",
      place("service"),
      "share-server",
      "backup",
      place("kept-service"),
    );
    await cp(place("one/data"), place("kept-data"), { recursive: true });
    service = await startShareService(place("service"), KEY, [], port);
    server = await startHoldfast({ root: place("one"), environment });
    await say(server, sessionId, "second");
    await server.client.revokeShareRef(share.id, { refId: guest.id });
    await told(server, share.id, "revokeCapability", guest.id);
    await shows(own, /first.*second/);
    expect(await works(guests)).toBe(false);

    // The service from its copy: hidden until the publisher, who had written it since, says hello and tells what it revoked.
    expect(await service.stop()).toBe(0);
    await holdfast(
      place("service"),
      "--data-dir",
      place("service-2"),
      "share-server",
      "restore",
      place("kept-service"),
    );
    service = await startShareService(place("service-2"), KEY, [], port);
    expect([await works(own), await works(guests)]).toEqual([false, false]);
    await say(server, sessionId, "third");
    await told(server, share.id, "revokeCapability", guest.id);
    await shows(own, /first.*second.*third/);
    expect(await works(guests)).toBe(false);
    await reached(server, share.id, "live");

    // A copied directory, both started: one of them publishes.
    expect(await server.stop()).toBe(0);
    await cp(place("one/data"), place("two/data"), { recursive: true });
    server = await startHoldfast({ root: place("one"), environment });
    await say(server, sessionId, "of the first");
    await shows(own, /of the first/);
    const other = await startHoldfast({ root: place("two"), environment });
    stack.defer(() => other[Symbol.asyncDispose]());
    await say(other, sessionId, "of the copy");
    await reached(other, share.id, "fenced");
    await say(server, sessionId, "once more");
    expect(await shows(own, /of the first.*once more/)).not.toContain("of the copy");
    await reached(server, share.id, "live");

    // The publisher from its copy takes its share over once, and has forgotten that it revoked the guest; the service has not.
    expect(await server.stop()).toBe(0);
    await holdfast(
      place("one/home"),
      "--data-dir",
      place("one/data"),
      "restore",
      "--from",
      place("kept-data"),
    );
    server = await startHoldfast({ root: place("one"), environment });
    await shows(own, /^(?=.*first)(?!.*second)/);
    await reached(server, share.id, "live");
    expect(await works(guests)).toBe(false);

    // Taken back, and restored from before that once more: it is not there again.
    await server.client.revokeShare(share.id);
    await reached(server, share.id, "revoked");
    expect(await server.stop()).toBe(0);
    await rm(place("one/data"), { recursive: true });
    await cp(place("kept-data"), place("one/data"), { recursive: true });
    await holdfast(place("one/home"), "--data-dir", place("one/data"), "restore");
    server = await startHoldfast({ root: place("one"), environment });
    await reached(server, share.id, "revoked");
    expect([await works(own), await works(guests)]).toEqual([false, false]);
  },
);
