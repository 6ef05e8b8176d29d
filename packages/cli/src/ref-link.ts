/** Links of refs: where one is opened, and its secret, which is read from a file or from stdin and never from an argument, where others would see it (S-34). */
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { createClient, type HoldfastClient } from "@holdfast/client";
import { refSecretSchema } from "@holdfast/protocol";
import type { Context } from "./context.ts";
import { CliError, EXIT } from "./exit-code.ts";

export type RefLink = { url: string; secret: string };

/**
 * Reads `<address>/l#<secret>`, the read link of a share, `<address>/s/<secret>`, or a secret alone, which is opened where HOLDFAST_URL says. `-` and nothing are
 * stdin. Throws CliError (2).
 */
export async function readRefLink(context: Context, file: string | undefined): Promise<RefLink> {
  const said = (
    file === undefined || file === "-" ? await text(process.stdin) : readFileSync(file, "utf8")
  ).trim();
  const [address, fragment] = partsOf(said);
  const secret = refSecretSchema.safeParse(fragment);
  if (!secret.success)
    throw new CliError(
      EXIT.usage,
      "That is no link of a ref: it ends in # or /s/ and a secret that begins with hfs_.",
    );
  if (address === undefined)
    return { url: context.settings.url ?? context.connect().url, secret: secret.data };
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new CliError(EXIT.usage, "The link does not begin with an http or https address.");
  const { origin, pathname } = new URL(address);
  return { url: origin + pathname.replace(/\/l\/?$/, ""), secret: secret.data };
}

function partsOf(said: string): [address: string | undefined, secret: string | undefined] {
  if (said.includes("#")) return said.split("#", 2) as [string, string];
  const place = said.lastIndexOf("/s/");
  return place < 0 ? [undefined, said] : [said.slice(0, place), said.slice(place + 3)];
}

/** A client that is the ref's holder, and knows no token of this machine. */
export const clientOf = ({ url, secret }: RefLink): HoldfastClient => createClient({ url, token: secret });
