import { readFileSync } from "node:fs";
import { request } from "node:http";
import { basename, join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createHouse, PATIENCE_MS } from "./command.ts";

const ROOT = join(import.meta.dirname, "../../..");
const lines = readFileSync(join(ROOT, "Containerfile"), "utf8").split("\n");
const after = (word: string): string => {
  const line = lines.find((one) => one.startsWith(`${word} `)) ?? "";
  return line.slice(line.lastIndexOf(`${word} `) + word.length + 1);
};
/** A list of words in the line that begins so. */
const listOf = (word: string) => JSON.parse(/\[.*\]/.exec(after(word))?.[0] ?? "[]") as string[];

const house = createHouse();
afterEach(() => house.close());

/** The status of an answer to who says this name. */
const statusFor = (port: number, host: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", path: "/api/health", headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject).end();
  });

test("[I-6] what the container starts is healthy, answers who came through a port of this machine, and no other name", async () => {
  const environment: Record<string, string> = {};
  for (const variable of after("ENV").split(" ")) {
    const [name = "", value = ""] = variable.split("=");
    environment[name] = value;
  }
  expect(environment).toEqual({ HOLDFAST_HOST: "0.0.0.0", HOLDFAST_ALLOWED_HOSTS: "localhost" });
  expect(listOf("ENTRYPOINT")).toEqual(["tini", "--", "holdfast"]);
  // To the server an address that others might reach; it is the loopback one.
  const env = { ...environment, HOLDFAST_HOST: "127.1" };
  const server = house.start(listOf("CMD"), { env });
  await vi.waitFor(() => expect(server.stdout()).toContain("listening on"), { timeout: PATIENCE_MS });
  const [program, ...check] = listOf("HEALTHCHECK");
  expect(program).toBe("holdfast");
  expect(await house.run(check, { env })).toMatchObject({ code: 0, stderr: "" });

  const port = Number(/:(\d+)$/m.exec(server.stdout())?.[1]);
  expect(await statusFor(port, `localhost:${port}`)).toBe(200);
  expect(await statusFor(port, `127.0.0.1:${port}`)).toBe(200);
  expect(await statusFor(port, `rebound.example:${port}`)).toBe(403);
});

test("[I-6] the container runs as nobody special, and the example publishes to this machine alone", () => {
  expect(after("USER")).toBe("node");
  // Its command is the package's own.
  expect(lines).toContain(
    `RUN ln -s ../lib/node_modules/holdfast/bin/${basename(house.bin)} /usr/local/bin/holdfast`,
  );
  const compose = readFileSync(join(ROOT, "examples/compose.yaml"), "utf8");
  expect(compose.match(/[\d.:]*:\d+$/gm)).toEqual(["127.0.0.1:4680:4680"]);
});
