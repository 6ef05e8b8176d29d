/** Refs: letting others into one session (S-13 to S-16), and being let in. */
import { join } from "node:path";
import { durable, intentsOverHttp, isApiError, type MadeRef, redeemLink } from "@holdfast/client";
import { intentsInFile } from "@holdfast/client/node";
import { intentsOverBatch } from "@holdfast/client/rpc";
import type { Caveats, Grant, GrantTarget, LIVE_RIGHTS, RefList } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { CliError, EXIT, type ExitCode } from "./exit-code.ts";
import { ago, exactLine, moment } from "./output.ts";
import { clientOf, readRefLink, type RefLink } from "./ref-link.ts";

type LiveRight = (typeof LIVE_RIGHTS)[number];

export type LimitFlags = {
  right?: LiveRight[];
  label?: string;
  expires?: string;
  uses?: number;
  for?: string;
  tool?: string[];
  path?: string[];
};

/** What `prompt` means, for whoever gives it (S-28). */
const PROMPT_MEANS =
  "Whoever has this link can do anything that you can on this machine, in your other sessions too: what an agent is asked, it runs as you.";

export async function create(context: Context, id: string, flags: LimitFlags): Promise<ExitCode> {
  const { expiresAt, ...limits } = limitsOf(flags);
  const kind: GrantTarget["kind"] = id.startsWith("shr_") ? "share" : "session";
  const made = await context.connect().client.createRef({
    target: { kind, id: id as never },
    ...limits,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });
  return shown(context, made);
}

export async function attenuate(context: Context, id: string, flags: LimitFlags): Promise<ExitCode> {
  const { expiresAt, ...limits } = limitsOf(flags);
  if (expiresAt === null)
    throw new CliError(EXIT.usage, "A narrower ref ends with the one that it comes from, or before it.");
  const body = { ...limits, ...(expiresAt === undefined ? {} : { expiresAt }) };
  return shown(context, await context.connect().client.attenuateRef(id, body));
}

/** Ends every ref of a session for good; the new one opens it to whoever ran this. */
export async function renew(
  context: Context,
  sessionId: string,
  flags: { label?: string },
): Promise<ExitCode> {
  const { client } = context.connect();
  const { items } = await client.listRefs({ sessionId, limit: 200 });
  const from = Math.max(1, ...items.map(({ epoch }) => epoch));
  return shown(context, await client.renewRefs(sessionId, { from, label: flags.label ?? "" }));
}

/** The link goes to stdout, alone on its line; what is said about it to stderr. */
function shown({ output, isJson }: Context, { ref, secret, link }: MadeRef): ExitCode {
  const whole = secret === undefined ? undefined : link.base + secret;
  if (isJson) {
    output.json({ ref, ...(whole === undefined ? {} : { link: whole }), local: link.local });
    return EXIT.completed;
  }
  output.note(`${ref.id}: ${ref.rights.join(", ")}${limitText(ref.caveats)}`);
  if (ref.rights.includes("prompt")) output.note(PROMPT_MEANS);
  if (link.local)
    output.note(
      ref.target.kind === "share"
        ? "The link works on this machine only. HOLDFAST_SHARE_SERVICE names a service for others."
        : "The link works on this machine only: the server was told no address (HOLDFAST_PUBLIC_URL).",
    );
  if (whole === undefined) output.note("It was made before, and its link was shown then.");
  else output.line(whole);
  return EXIT.completed;
}

export type ListFlags = { session?: string; share?: string; all?: boolean };

export async function list(context: Context, flags: ListFlags): Promise<ExitCode> {
  const { items, next, guesses } = await found(context, flags);
  const open = flags.all === true ? items : items.filter(({ ended }) => ended === undefined);
  const { output } = context;
  if (context.isJson) output.json({ items: open, next, guesses });
  else if (open.length === 0) output.note("No refs.");
  else {
    output.table(
      open.map((ref) => [ref.id, ref.ended ?? "open", ref.target.id, ref.rights.join(","), aboutOf(ref)]),
    );
    if (next !== undefined) output.note(`The newest ${items.length}.`);
  }
  if (!context.isJson && guesses !== undefined && guesses.count > 0)
    output.note(
      `Wrong secrets: ${guesses.count}${guesses.last === undefined ? "" : `, the last ${ago(guesses.last, Date.now())}`}.`,
    );
  return EXIT.completed;
}

function found(context: Context, { session, share }: ListFlags): Promise<RefList> {
  const { client } = context.connect();
  if (share !== undefined) return client.listShareRefs(share);
  return client.listRefs({ ...(session === undefined ? {} : { sessionId: session }), limit: 200 });
}

export async function revoke(
  context: Context,
  id: string,
  flags: { reason?: string; keepWork?: boolean },
): Promise<ExitCode> {
  const ref = await context.connect().client.revokeRef(id, flags);
  if (context.isJson) context.output.json(ref);
  else context.output.note(`${id} and all below it have ended.`);
  return EXIT.completed;
}

export async function audit(context: Context, id: string): Promise<ExitCode> {
  const { items, next } = await context.connect().client.refAudit(id, { limit: 200 });
  const { output } = context;
  if (context.isJson) output.json({ items, next });
  else if (items.length === 0) output.note("Nobody came with it.");
  else
    output.table(
      items.map((entry) => [
        moment(entry.last),
        entry.refId ?? "",
        exactLine(entry.action, 40),
        String(entry.count),
        exactLine(entry.peer, 60),
        exactLine(entry.detail ?? "", 60),
      ]),
    );
  return EXIT.completed;
}

export async function redeem(context: Context, file: string | undefined): Promise<ExitCode> {
  const link = await readRefLink(context, file);
  const client = clientOf(link);
  const redeemed = await client.redeemRef().catch((error: unknown) => {
    // A share service knows no sessions of a Holdfast.
    if (isApiError(error, "NOT_FOUND")) return undefined;
    throw error;
  });
  const { output } = context;
  if (redeemed === undefined) return redeemShare(context, link);
  const session = await client.getSession(redeemed.target.id);
  if (context.isJson) output.json({ ...redeemed, server: link.url });
  else {
    output.line(`${session.id}  ${exactLine(session.title, 80)}`);
    output.note(`${link.url}: ${redeemed.rights.join(", ")}${limitText(redeemed.ref.caveats)}`);
  }
  return EXIT.completed;
}

async function redeemShare({ output, isJson }: Context, { url, secret }: RefLink): Promise<ExitCode> {
  const redeemed = await redeemLink({ url, token: secret });
  if (isJson) output.json({ ...redeemed, server: url });
  else {
    output.line(`${redeemed.shareId}  ${exactLine(redeemed.title, 80)}`);
    output.note(`${url}: ${redeemed.rights.join(", ")}${limitText(redeemed.caveats)}`);
  }
  return EXIT.completed;
}

/** Asks the session of a ref for something. It is stored here first: a lost connection, or the end of this program, neither loses nor doubles it (S-27). */
export async function send(context: Context, file: string, words: string[]): Promise<ExitCode> {
  const link = await readRefLink(context, file);
  const { ref, target } = await clientOf(link).redeemRef();
  const way = { url: link.url, token: link.secret };
  const calls = await durable({
    intents: intentsInFile(join(context.settings.dataDirectory, "ref-calls", `${ref.id}.json`)),
    transports: [intentsOverBatch(way), intentsOverHttp(way)],
  });
  try {
    const parts = [{ type: "text" as const, text: words.join(" ") }];
    const { turn } = await calls.call("prompt", { sessionId: target.id as never, parts }).result;
    if (context.isJson) context.output.json(turn);
    else context.output.line(turn.id);
  } finally {
    await calls.close();
  }
  return EXIT.completed;
}

function limitsOf({ right = ["read"], label = "", expires, uses, tool, path, ...flags }: LimitFlags) {
  return {
    rights: right,
    label,
    ...(expires === undefined
      ? {}
      : { expiresAt: expires === "never" ? null : Date.now() + duration(expires) }),
    ...(uses === undefined ? {} : { maxUses: uses }),
    ...(flags.for === undefined ? {} : { audience: flags.for }),
    ...(tool === undefined ? {} : { tools: tool }),
    ...(path === undefined ? {} : { paths: path }),
  };
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m`, `24h` or `7d` in ms. */
function duration(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? 0);
  if (ms === 0) throw new CliError(EXIT.usage, `${text} is no time such as 30m, 24h or 7d, and not never.`);
  return ms;
}

function limitText({ expiresAt, maxUses, audience, tools, paths }: Caveats): string {
  const said = [
    ...(audience === undefined ? [] : [`for ${exactLine(audience, 60)}`]),
    ...(expiresAt === undefined ? [] : [`until ${moment(expiresAt)}`]),
    ...(maxUses === undefined ? [] : [`${maxUses} uses`]),
    ...(tools === undefined ? [] : [`tools ${exactLine(tools.join(", "), 80)}`]),
    ...(paths === undefined ? [] : [`paths ${exactLine(paths.join(", "), 80)}`]),
  ];
  return said.length === 0 ? "" : ` (${said.join("; ")})`;
}

function aboutOf({ label, time, uses }: Grant): string {
  const used =
    time.lastUsed === undefined ? "never used" : `used ${ago(time.lastUsed, Date.now())}, ${uses} times`;
  return `${exactLine(label, 40)} ${used}`.trim();
}
