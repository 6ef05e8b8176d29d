/**
 * The lint rules that are particular to this house, loaded by oxlint as a plugin named `house` (see .oxlintrc.json for where each is on):
 *
 * - `no-ambient-env`: `process.env` is read in config rooms only.
 * - `no-ambient-clock`, `no-ambient-random`: time, timers and randomness come through `kernel`.
 * - `no-database-fs`: no code in a process that has a database open opens or copies its files with `fs` (D-17).
 *
 * A rule looks at names, not at types: it catches what is written by mistake, not what is hidden on purpose.
 */
import { databaseFsRule } from "./database-fs.ts";
import { importedNames, memberPath, type Rule, type RuleContext, type Syntax } from "./syntax.ts";

const CLOCK_PATHS = new Set([
  "Date.now",
  "performance.now",
  "process.hrtime",
  "process.hrtime.bigint",
  "process.uptime",
  "AbortSignal.timeout",
]);
const TIMERS = new Set(["setTimeout", "setInterval"]);
const CLOCK_MODULES = new Set([
  "node:timers",
  "node:timers/promises",
  "node:perf_hooks",
  "timers",
  "timers/promises",
]);

const RANDOM_PATHS = new Set([
  "Math.random",
  "crypto.randomUUID",
  "crypto.getRandomValues",
  "crypto.subtle.generateKey",
]);
const RANDOM_IMPORTS = new Set([
  "getRandomValues",
  "randomBytes",
  "randomFill",
  "randomFillSync",
  "randomInt",
  "randomUUID",
  "randomUUIDv7",
  "webcrypto",
]);

const ENV_MESSAGE = "Read the environment in a config room and pass the value on.";
const CLOCK_MESSAGE = "Time and timers come through the kernel's Clock, so that tests can move it.";
const RANDOM_MESSAGE = "Randomness comes through kernel (newId, randomHex).";

const noAmbientEnv: Rule = {
  create: (context) => ({
    MemberExpression(node) {
      if (memberPath(node) === "process.env") context.report({ node, message: ENV_MESSAGE });
    },
    ImportDeclaration(node) {
      const module = node.source?.value;
      if ((module === "node:process" || module === "process") && importedNames(node).includes("env")) {
        context.report({ node, message: ENV_MESSAGE });
      }
    },
  }),
};

const noAmbientClock: Rule = {
  create: (context) => ({
    MemberExpression(node) {
      const path = memberPath(node);
      if (path !== undefined && CLOCK_PATHS.has(path)) context.report({ node, message: CLOCK_MESSAGE });
    },
    NewExpression(node) {
      if (node.callee?.name === "Date" && node.arguments?.length === 0)
        context.report({ node, message: CLOCK_MESSAGE });
    },
    CallExpression(node) {
      const name = node.callee === undefined ? undefined : memberPath(node.callee);
      if (name === "Date" || (name !== undefined && TIMERS.has(name)))
        context.report({ node, message: CLOCK_MESSAGE });
    },
    ImportDeclaration: (node) => reportClockModule(context, node),
    ExportNamedDeclaration: (node) => reportClockModule(context, node),
  }),
};

const noAmbientRandom: Rule = {
  create: (context) => ({
    MemberExpression(node) {
      const path = memberPath(node);
      if (path === undefined) return;
      const ofCrypto = /^crypto\.(\w+)$/.exec(path)?.[1];
      if (RANDOM_PATHS.has(path) || (ofCrypto !== undefined && RANDOM_IMPORTS.has(ofCrypto))) {
        context.report({ node, message: RANDOM_MESSAGE });
      }
    },
    ImportDeclaration(node) {
      const module = node.source?.value;
      if (module !== "node:crypto" && module !== "crypto") return;
      if (importedNames(node).some((name) => RANDOM_IMPORTS.has(name)))
        context.report({ node, message: RANDOM_MESSAGE });
    },
  }),
};

function reportClockModule(context: RuleContext, node: Syntax): void {
  const isType = node.importKind === "type" || node.exportKind === "type";
  if (!isType && CLOCK_MODULES.has(String(node.source?.value)))
    context.report({ node, message: CLOCK_MESSAGE });
}

/** The plugin object that oxlint loads. */
export default {
  meta: { name: "house" },
  rules: {
    "no-ambient-env": noAmbientEnv,
    "no-ambient-clock": noAmbientClock,
    "no-ambient-random": noAmbientRandom,
    "no-database-fs": databaseFsRule,
  },
};
