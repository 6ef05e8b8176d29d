/** Serves the page and, below `/api`, the Holdfast server: one origin for both. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer, request } from "node:http";
import { extname, join } from "node:path";
import { pipeline } from "node:stream";
import { createClient } from "@holdfast/client";

const { HOLDFAST_URL = "http://127.0.0.1:4680", HOLDFAST_TOKEN, PORT = "5173" } = process.env;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript" };

function serveFile(path, response) {
  const type = TYPES[extname(path)];
  if (type === undefined) return response.writeHead(404).end();
  const file = createReadStream(join(import.meta.dirname, path));
  file.once("open", () => response.writeHead(200, { "content-type": type }));
  pipeline(file, response, (error) => {
    if (error && !response.headersSent) response.writeHead(404).end();
  });
}

/** As it came, with its `Host`, by which the server decides whether it is meant. */
function forward(incoming, response) {
  const { method, headers } = incoming;
  const upstream = request(new URL(incoming.url, HOLDFAST_URL), { method, headers });
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    pipeline(answer, response, () => {});
  });
  upstream.once("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.once("close", () => upstream.destroy());
  incoming.pipe(upstream);
}

const listener = createServer((incoming, response) => {
  const { pathname } = new URL(incoming.url, "http://page");
  if (pathname.startsWith("/api/")) forward(incoming, response);
  else serveFile(pathname === "/" ? "index.html" : pathname, response);
}).listen(Number(PORT), "127.0.0.1");
await once(listener, "listening");
const { code } = await createClient({ url: HOLDFAST_URL, token: HOLDFAST_TOKEN }).createAccessCode();
console.log(`Open http://127.0.0.1:${PORT}/#code=${code}`);
