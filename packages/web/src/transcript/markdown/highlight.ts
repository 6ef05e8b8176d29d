export type ColourRequest = { id: number; code: string; language: string };
export type ColourAnswer = { id: number; html: string | undefined };

/** Code longer than this stays plain. */
const MAX_LENGTH = 60_000;
/** A worker that is silent this long, in ms, is ended; the code stays plain. */
const DEADLINE_MS = 5_000;
/** Results kept. */
const CACHE = 200;

const ALIASES: Record<string, string> = {
  js: "javascript",
  ts: "typescript",
  py: "python",
  sh: "bash",
  shell: "bash",
  zsh: "bash",
  yml: "yaml",
  md: "markdown",
  rs: "rust",
  rb: "ruby",
};

const cache = new Map<string, string>();
const waiting = new Map<number, (html: string | undefined) => void>();
let worker: Worker | undefined;
let lastId = 0;

/** The HTML of coloured code, or undefined when it stays plain: no such language, too long, or too slow. */
export async function highlight(code: string, language: string): Promise<string | undefined> {
  if (code.length > MAX_LENGTH) return undefined;
  const name = ALIASES[language.toLowerCase()] ?? language.toLowerCase();
  const key = `${name}\n${code}`;
  const kept = cache.get(key);
  if (kept !== undefined) return kept;
  const html = await ask(code, name);
  if (html === undefined) return undefined;
  const oldest = cache.size >= CACHE ? cache.keys().next().value : undefined;
  if (oldest !== undefined) cache.delete(oldest);
  cache.set(key, html);
  return html;
}

function ask(code: string, language: string): Promise<string | undefined> {
  lastId += 1;
  const id = lastId;
  return new Promise((resolve) => {
    const timer = setTimeout(giveUp, DEADLINE_MS);
    waiting.set(id, (html) => {
      clearTimeout(timer);
      waiting.delete(id);
      resolve(html);
    });
    running().postMessage({ id, code, language } satisfies ColourRequest);
  });
}

function running(): Worker {
  if (worker !== undefined) return worker;
  worker = new Worker(new URL("./highlight-worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<ColourAnswer>) =>
    waiting.get(data.id)?.(data.html),
  );
  worker.addEventListener("error", giveUp);
  return worker;
}

/** Ends the worker with all that it was asked; the next request gets a fresh one. */
function giveUp(): void {
  worker?.terminate();
  worker = undefined;
  for (const answer of waiting.values()) answer(undefined);
}
