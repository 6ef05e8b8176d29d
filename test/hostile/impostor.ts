/** Programs that sit on a server's port, keep every byte that they hear, and answer as if they were it. */
import { spawn } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { HOLDFAST, type HoldfastProcess } from "../harness/index.ts";

export type Impostor = AsyncDisposable & {
  port: number;
  url: string;
  /** Everything that it was told. */
  heard(): string;
};

/** Answers a request whose head has come. */
export type Act = (socket: Socket, head: string) => void;

/** Listens; port 0 takes any free one. */
export async function startImpostor(act: Act, port = 0): Promise<Impostor> {
  let heard = "";
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      const text = bytes.toString("latin1");
      heard += text;
      act(socket, text);
    });
  });
  await new Promise<void>((ready, refuse) => {
    server.once("error", refuse).listen(port, "127.0.0.1", ready);
  });
  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    url: `http://127.0.0.1:${actual}`,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const answer =
  (status: string, body: string, headers = ""): Act =>
  (socket) =>
    socket.write(
      `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`,
    );

/** What an impostor of `server` may try. `elsewhere` is where it would like the token to be sent. */
export function actsAgainst(server: HoldfastProcess, elsewhere: string): Record<string, Act> {
  const real = new URL(server.url);
  return {
    "says yes to everything": answer("200 OK", '{"status":"ok","version":"1","items":[]}'),
    "proves with nothing": answer("200 OK", '{"proof":""}'),
    "proves with a guess": answer("200 OK", `{"proof":"${"0".repeat(64)}"}`),
    "asks for the token": answer("401 Unauthorized", "{}", "www-authenticate: Bearer\r\n"),
    "sends elsewhere": answer("307 Temporary Redirect", "", `location: ${elsewhere}/api/sessions\r\n`),
    "answers with a status that is none": answer("999 No", "{}"),
    "never ends its answer": (socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const drip = setInterval(() => socket.write("5\r\nxxxxx\r\n"), 1);
      socket.once("close", () => clearInterval(drip));
    },
    "passes the nonce on to the server": (socket, head) => {
      const onward = connect(Number(real.port), real.hostname);
      onward.on("error", () => undefined).pipe(socket);
      // The server takes its own name only.
      onward.write(head.replace(/^host: .*$/im, `host: ${real.host}`), "latin1");
    },
    "replays what the server once proved": (socket) =>
      void server
        .fetch(`/api/auth/proof?nonce=${"0".repeat(64)}`)
        .then(async (response) => answer("200 OK", await response.text())(socket, "")),
  };
}

/** A data directory that names `url` as the server that runs: as a record that outlived its server does, when its pid lives. */
export async function misledDirectory(server: HoldfastProcess, root: string, url: string): Promise<string> {
  const data = join(root, `misled-${new URL(url).port}`);
  await mkdir(data, { mode: 0o700 });
  await cp(join(server.root, "data", "token"), join(data, "token"));
  const file = JSON.parse(await readFile(join(server.root, "data", "server.json"), "utf8")) as object;
  await writeFile(join(data, "server.json"), JSON.stringify({ ...file, url }), { mode: 0o600 });
  return data;
}

export type Ran = { code: number | null; stdout: string; stderr: string };

/** One command of ours, started; it sees nothing of the caller's environment. */
export function startCommand(
  data: string,
  args: readonly string[],
  environment: Record<string, string> = {},
) {
  const child = spawn(process.execPath, [HOLDFAST, ...args], {
    cwd: data,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: data,
      HOLDFAST_DATA_DIR: data,
      HOLDFAST_START_SERVER: "false",
      ...environment,
    },
  });
  const ran: Ran = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (ran.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (ran.stderr += text));
  const ended = new Promise<Ran>((resolve) => {
    child.once("close", (code) => resolve({ ...ran, code }));
  });
  return { child, ran, ended };
}
