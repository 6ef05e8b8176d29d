import { Button, Notice } from "../design/index.ts";

const REASONS = {
  none: "This browser has no access yet.",
  code: "The link was used already, or is older than a minute.",
  unreachable: "The server did not answer.",
  revoked: "The access of this browser was revoked, or has run out.",
} as const;

/** What a browser without access sees: how to get in. The token of the server is never asked for here (I-6). */
export function Door({ refused, detail }: { refused: keyof typeof REASONS; detail?: string | undefined }) {
  return (
    <main className="flex min-h-full flex-col items-center justify-center gap-5 bg-canvas px-6 py-12">
      <img src="/icon.svg" alt="" className="size-12" />
      <h1 className="text-xl font-semibold">Holdfast</h1>
      <div className="flex w-full max-w-md flex-col gap-4">
        <Notice tone={refused === "none" ? "neutral" : "attention"} role="status">
          {REASONS[refused]}
          {detail !== undefined && <span className="block text-ink-soft">{detail}</span>}
        </Notice>
        <p className="text-sm text-ink-soft">
          On the machine that runs Holdfast, type this. It opens this page with access for 30 days:
        </p>
        <pre className="rounded-md border border-line bg-sunken px-3 py-2 font-mono text-sm select-all">
          holdfast open
        </pre>
        <Button onClick={() => window.location.reload()}>Try again</Button>
      </div>
    </main>
  );
}
