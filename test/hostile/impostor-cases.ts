/** Somebody else has the server's port: what the command line tells them. */
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { HoldfastProcess } from "../harness/index.ts";
import type { HostileCase } from "./http-cases.ts";
import { actsAgainst, misledDirectory, startCommand, startImpostor } from "./impostor.ts";

/** An address where a redirected token would arrive; nobody listens there. */
const ELSEWHERE = "http://127.0.0.1:9";

/** Whether what was heard is worth having: a bearer, a token or a way in. */
export function secretsIn(heard: string, server: HoldfastProcess): string[] {
  return [server.token, "authorization", "#code="].filter((secret) =>
    heard.toLowerCase().includes(secret.toLowerCase()),
  );
}

const names = Object.keys(actsAgainst({ url: ELSEWHERE } as HoldfastProcess, ELSEWHERE));

export const IMPOSTOR_CASES: readonly HostileCase[] = names.map((name) => ({
  name: `an impostor that ${name}`,
  rules: "I-6",
  async run({ server }) {
    const act = actsAgainst(server, ELSEWHERE)[name] ?? (() => undefined);
    await using impostor = await startImpostor(act);
    const root = await mkdtemp(join(server.root, "impostor-"));
    const data = await misledDirectory(server, root, impostor.url);
    const { code, stderr } = await startCommand(data, ["open", "--print"]).ended;
    const secrets = secretsIn(impostor.heard(), server);
    const isAsked = impostor.heard().includes("/api/auth/proof?nonce=");
    return {
      got: `exit ${code}${secrets.length === 0 ? "" : ` AFTER IT WAS TOLD ${secrets.join(", ")}`}`,
      isFine: code === 6 && secrets.length === 0 && isAsked && stderr.includes("it was told nothing secret"),
    };
  },
}));
