import { z } from "zod";
import { agentIdSchema, approvalModeSchema, permissionTimeoutSchema, resumePolicySchema } from "./common.ts";
import { nativeConfigSchema, providerConfigSchema, providerIdSchema } from "./native-config.ts";

/** A user's own agent: a program and the backend that drives it. */
export const agentConfigSchema = z.strictObject({
  backend: z
    .enum(["acp", "opencode"])
    .describe(
      "acp: the command speaks the Agent Client Protocol over stdio; opencode: the command is opencode itself.",
    ),
  command: z.array(z.string().min(1)).min(1).describe("Program and arguments; started without a shell."),
  env: z.record(z.string(), z.string()).optional().describe("Variables laid over the user's environment."),
  name: z.string().min(1).max(64).optional().describe("What people read; default: the id."),
});
export type AgentConfig = z.infer<typeof agentConfigSchema>;

const minutes = z.number().min(1).max(10_080);

/** The configuration file, JSONC (I-12). Environment variables and flags win over it. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional(),
    host: z.string().min(1).optional().describe("Address to listen on; default 127.0.0.1."),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe("Port to listen on; 0 takes any free one; default 4680."),
    allowedHosts: z
      .array(z.string().min(1))
      .optional()
      .describe("Host header values accepted beside the loopback names (I-6)."),
    behindProxy: z
      .boolean()
      .optional()
      .describe("A TLS proxy stands in front: needed to listen on another address than loopback (I-6)."),
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional()
      .describe(
        "Address under which others reach this server, which links name; without it a link works on this machine only (S-16).",
      ),
    logLevel: z.enum(["debug", "info", "warn", "error", "silent"]).optional().describe("Default info."),
    synchronous: z
      .enum(["FULL", "NORMAL"])
      .optional()
      .describe(
        "FULL (default) survives power loss; NORMAL may lose the last commits then, never at a crash of the program.",
      ),
    agent: agentIdSchema
      .optional()
      .describe("Agent of new sessions; default: the project's last one, else rehearsal."),
    approvalMode: approvalModeSchema.optional().describe("Approval mode of new sessions; default ask."),
    resumePolicy: resumePolicySchema.optional().describe("What follows an interrupted turn; default manual."),
    permissionTimeoutMs: permissionTimeoutSchema
      .optional()
      .describe("How long a permission request or a question waits, in ms; default 24 h."),
    stopBudgetSeconds: z
      .number()
      .min(0)
      .max(600)
      .optional()
      .describe("Grace for running turns at shutdown, in seconds; default 10 (D-21)."),
    turnIdleMinutes: minutes
      .optional()
      .describe("A turn without any sign of life ends after this; default 20 (A-18)."),
    turnTotalMinutes: minutes.optional().describe("A turn ends after this in all; default 720 (A-18)."),
    agentIdleMinutes: minutes
      .optional()
      .describe("An agent that nobody uses is closed after this; default 30 (A-8)."),
    maxLiveAgents: z
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .describe("Most agents that live at once; further turns wait; default 10 (A-8)."),
    snapshots: z
      .boolean()
      .optional()
      .describe(
        "Whether turns take snapshots of the files, which pending changes are made of; default true (W-3).",
      ),
    stepSnapshotSeconds: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe(
        "Least seconds between two snapshots of the files between the steps of one turn; 0 takes none; default 60 (R-1.8).",
      ),
    worktreeDirectory: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Where worktrees are made, an absolute path; default `worktrees` in the data directory (W-2).",
      ),
    shareService: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Address of the share service; its publish key is HOLDFAST_SHARE_KEY; default: the one beside this server (S-1).",
      ),
    startServer: z
      .boolean()
      .optional()
      .describe("Whether commands start a server in the background when none runs; default true (I-24)."),
    agents: z.record(agentIdSchema, agentConfigSchema).optional().describe("User-defined agents by id."),
    providers: z
      .record(providerIdSchema, providerConfigSchema)
      .optional()
      .describe("Where models of the native agent are, by name. Keys stand in variables or in keys.json."),
    native: nativeConfigSchema.optional().describe("The native agent (A-26)."),
  })
  .meta({ id: "Config" });
export type Config = z.infer<typeof configSchema>;

/** What a project's own file may set: defaults of its sessions, never programs to run. */
export const projectConfigSchema = configSchema.pick({
  $schema: true,
  agent: true,
  approvalMode: true,
  resumePolicy: true,
});
