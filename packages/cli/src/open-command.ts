import { spawn } from "node:child_process";
import type { Context } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

/** What opens an address in the user's browser, by platform. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
const OPENER = ["xdg-open"] as const;
/** How long an opener may take to say that it cannot, in ms; one that still runs then shows the page itself. */
const OPENER_MS = 1_500;

/**
 * Opens the page (I-6): a one-time code, good for 60 s, goes into the address's fragment, which no server log ever holds. Without a browser,
 * and with `print`, the address is printed for another one.
 */
export async function open(
  context: Context,
  session: string | undefined,
  flags: { print?: boolean },
): Promise<ExitCode> {
  const connection = context.connect();
  const { code, expiresAt } = await connection.client.createAccessCode();
  const place = session === undefined ? "/" : `/s/${encodeURIComponent(session)}`;
  const address = `${new URL(place, connection.url).href}#code=${code}`;
  if (context.isJson) {
    context.output.json({ url: address, expiresAt });
    return EXIT.completed;
  }
  await openAddress(context, address, flags.print === true);
  return EXIT.completed;
}

/** Opens an address that works once; without a browser, and with `isPrinted`, it is printed. */
export async function openAddress({ output }: Context, address: string, isPrinted: boolean): Promise<void> {
  const isOpened = !isPrinted && (await openInBrowser(address));
  if (isOpened) output.note("The page opens in your browser.");
  else {
    output.note("Open this address in a browser within a minute; it works once:");
    output.line(address);
  }
}

function openInBrowser(address: string): Promise<boolean> {
  const [program, ...args] = OPENERS[process.platform] ?? OPENER;
  return new Promise((resolve) => {
    const child = spawn(program, [...args, address], { detached: true, stdio: "ignore" });
    const timer = setTimeout(() => done(true), OPENER_MS);
    const done = (isOpened: boolean) => {
      clearTimeout(timer);
      child.unref();
      resolve(isOpened);
    };
    child.once("error", () => done(false));
    child.once("exit", (status) => done(status === 0));
  });
}
