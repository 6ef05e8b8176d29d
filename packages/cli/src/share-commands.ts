/** `holdfast share`: what is published of sessions, to whom, and how it is taken back (S-2, S-17). */
import { createInterface } from "node:readline/promises";
import type { Share, SharePreview } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { openAddress } from "./open-command.ts";
import { ago, exactLine, oneLine } from "./output.ts";

const DAY_MS = 86_400_000;

export type CreateFlags = {
  service?: string;
  title?: string;
  days?: number;
  files?: boolean;
  others?: boolean;
  yes?: boolean;
};

/** Shows what would leave first; a person, or `--yes`, says that it may. */
export async function create(context: Context, sessionId: string, flags: CreateFlags): Promise<ExitCode> {
  const { client } = context.connect();
  const includes = { files: flags.files === true, others: flags.others === true };
  const preview = await client.previewShare(sessionId, { includes });
  if (!context.isJson) for (const line of previewLines(preview)) context.output.note(line);
  if (flags.yes !== true && !(await isAgreed())) {
    context.output.note("Nothing was shared.");
    return EXIT.usage;
  }
  const { share, link } = await client.createShare(sessionId, {
    previewId: preview.previewId,
    ...(flags.service === undefined ? {} : { service: flags.service }),
    ...(flags.title === undefined ? {} : { title: flags.title }),
    ...(flags.days === undefined
      ? {}
      : { expiresAt: flags.days === 0 ? null : Date.now() + flags.days * DAY_MS }),
  });
  if (context.isJson) context.output.json({ share, link });
  else {
    context.output.note(share.id);
    tellLink(context, link);
  }
  return EXIT.completed;
}

function previewLines({ counts, masked, files, warning }: SharePreview): string[] {
  const places = masked.map(
    ({ kind, count, places: [place] }) =>
      `  masked: ${kind}, ${count} times, first in a ${place?.what ?? "row"}`,
  );
  const withheld = files.filter(({ content }) => content === "withheld").length;
  return [
    `${counts.messages} messages, ${counts.parts} parts, ${counts.changes} changes, ${counts.files} files would be published.`,
    ...(withheld === 0
      ? []
      : [`  ${withheld} files by their names only; --files sends images and other binary files too`]),
    ...places,
    warning,
  ];
}

async function isAgreed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new CliError(EXIT.usage, "Look at the preview, then say --yes to share it.");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question("Share it? [y/N] ")).trim());
  } finally {
    lines.close();
  }
}

function tellLink({ output }: Context, { url, isLocal }: { url: string; isLocal: boolean }): void {
  output.line(url);
  if (isLocal)
    output.note("This link works on this machine only. HOLDFAST_SHARE_SERVICE names a service for others.");
}

export async function list(context: Context, flags: { session?: string; all?: boolean }): Promise<ExitCode> {
  const { items } = await context
    .connect()
    .client.listShares(flags.session === undefined ? {} : { sessionId: flags.session });
  const shown = items.filter(
    ({ state }) => flags.all === true || (state !== "revoked" && state !== "expired"),
  );
  const { output } = context;
  if (context.isJson) output.json({ items: shown });
  else if (shown.length === 0) output.note("No shares.");
  else output.table(shown.map((share) => rowOf(share, Date.now())));
  return EXIT.completed;
}

function rowOf(share: Share, now: number): string[] {
  return [
    share.id,
    stateText(share),
    share.waiting === 0 ? "" : `${share.waiting} to send`,
    ago(share.time.created, now),
    exactLine(share.service, 60),
    oneLine(share.title, 60),
  ];
}

/** What a service has not confirmed is not over. */
const stateText = ({ state }: Share): string => (state === "revoking" ? "revoking (not confirmed)" : state);

export async function show(context: Context, id: string): Promise<ExitCode> {
  const { client } = context.connect();
  const share = await client.getShare(id);
  const { items } = await client.listShareBatches(id);
  const { output } = context;
  if (context.isJson) {
    output.json({ share, batches: items });
    return EXIT.completed;
  }
  const now = Date.now();
  output.table([
    ["id", share.id],
    ["state", stateText(share)],
    ["title", oneLine(share.title)],
    ["service", exactLine(share.service)],
    ["session", share.sessionId ?? "(deleted)"],
    ["to send", String(share.waiting)],
    ...(share.omitted === 0 ? [] : [["not shown", String(share.omitted)]]),
    ...(share.attempts === 0 ? [] : [["tries", String(share.attempts)]]),
    ...(share.nextRetryAt === undefined ? [] : [["next try", new Date(share.nextRetryAt).toISOString()]]),
    ...(share.lastError === undefined
      ? []
      : [["last error", `${share.lastError.code}: ${oneLine(share.lastError.message, 200)}`]]),
    ["ends", share.expiresAt === undefined ? "never" : new Date(share.expiresAt).toISOString()],
    ["created", ago(share.time.created, now)],
    ...(share.time.acknowledged === undefined ? [] : [["last sent", ago(share.time.acknowledged, now)]]),
  ]);
  return EXIT.completed;
}

export async function link(context: Context, id: string, flags: { renew?: boolean }): Promise<ExitCode> {
  const { client } = context.connect();
  const found = flags.renew === true ? (await client.renewShare(id)).link : await client.shareLink(id);
  if (context.isJson) context.output.json(found);
  else tellLink(context, found);
  return EXIT.completed;
}

/** Opens the list of everything that a service keeps for the publish key of this server, also of what was shared with it elsewhere (S-35). */
export async function open(
  context: Context,
  { service, print = false }: { service?: string; print?: boolean },
): Promise<ExitCode> {
  const { url, isLocal, expiresAt } = await context
    .connect()
    .client.shareListLink(service === undefined ? {} : { service });
  if (context.isJson) context.output.json({ url, isLocal, expiresAt });
  else await openAddress(context, url, print);
  return EXIT.completed;
}

type Act = "pauseShare" | "resumeShare" | "adoptShare" | "revokeShare";

export async function act(context: Context, id: string, name: Act): Promise<ExitCode> {
  const share = await context.connect().client[name](id);
  if (context.isJson) context.output.json({ share });
  else context.output.line(stateText(share));
  return EXIT.completed;
}

export async function audit(context: Context, id: string): Promise<ExitCode> {
  const { client } = context.connect();
  const { items } = await client.shareAudit(id);
  const { output } = context;
  if (context.isJson) output.json({ items });
  else if (items.length === 0) output.note("Nobody has done anything with it.");
  else
    output.table(
      items.map(({ action, peer, count, last, refId, detail }) => [
        ago(last, Date.now()),
        action,
        `${count}x`,
        refId ?? "publish key",
        exactLine(peer, 60),
        oneLine(detail ?? "", 80),
      ]),
    );
  return EXIT.completed;
}
