/** What the system's own manager is told about a server that runs as a service of one user (I-26). Pure: nothing is read or written here. */
import { CliError, EXIT } from "./exit-code.ts";
import { STOP_MS } from "./server-commands.ts";

/** Stands in every file that is ours; one without it is never touched. */
const MARKER = "Written by `holdfast service install`";
const NOTE = `${MARKER}, which replaces it; \`holdfast service remove\` takes it away.`;

/** Seconds before a server that failed is started again; systemd doubles the first up to the last. */
const AGAIN_S = 2;
const AGAIN_AT_MOST_S = 60;
const STOP_S = STOP_MS / 1_000;

export type ServiceFacts = {
  /** Program first; absolute paths. */
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
};

/** A manager that starts services at login, and what it is told. */
export type Manager = {
  name: string;
  file: string;
  text: string;
  /** What makes it known, starts it, and has it started at each login. */
  enable: readonly (readonly string[])[];
  /** How it runs without a login. */
  withoutLogin: string;
  show: readonly string[];
  /** What the answer to `show` means. */
  meaning(answer: string): { isEnabled: boolean; text: string };
  /** Ends that it is started; one that runs goes on. The second part follows when the file is gone. */
  disable: readonly string[];
  forget: readonly string[] | undefined;
};

export type Place = { home: string; configHome: string; uid: number };

/** Throws CliError (2) where there is no manager that this program knows, and for a path that cannot be written down. */
export function managerOf(platform: string, place: Place, facts: ServiceFacts): Manager {
  for (const text of [...facts.command, ...Object.values(facts.environment)])
    if (/[\u0000-\u001f\u007f]/.test(text)) throw unspeakable(text, "it has a control character");
  if (platform === "linux") return systemd(place, facts);
  if (platform === "darwin") return launchd(place, facts);
  throw new CliError(
    EXIT.usage,
    `There are services for systemd (Linux) and launchd (macOS), not for ${platform}. \`holdfast serve --detach\` starts a server here.`,
  );
}

const unspeakable = (text: string, why: string) =>
  new CliError(EXIT.usage, `A service cannot be told ${JSON.stringify(text)}: ${why}.`);

export const isOurs = (text: string): boolean => text.includes(MARKER);

function systemd({ configHome }: Place, facts: ServiceFacts): Manager {
  const [program = ""] = facts.command;
  if (/["'\\]/.test(program)) throw unspeakable(program, "systemd takes no program with quotes in its path");
  const systemctl = ["systemctl", "--user"];
  const reload = [...systemctl, "daemon-reload"];
  return {
    name: "systemd",
    file: `${configHome}/systemd/user/holdfast.service`,
    text: unitText(facts),
    enable: [reload, [...systemctl, "enable", "--now", "holdfast"]],
    withoutLogin: "To have it run without a login: loginctl enable-linger",
    show: [...systemctl, "show", "--property=UnitFileState,ActiveState,SubState", "holdfast.service"],
    meaning(answer) {
      const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(answer)?.[1] ?? "";
      const enabled = value("UnitFileState");
      return {
        isEnabled: enabled.startsWith("enabled"),
        text: `${enabled || "not known to it"}, ${value("ActiveState")} (${value("SubState")})`,
      };
    },
    disable: [...systemctl, "disable", "holdfast"],
    forget: reload,
  };
}

/** One word of a unit: in quotes, where backslashes escape, and `%` begins what systemd puts in. */
const word = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;

function unitText({ command, environment }: ServiceFacts): string {
  const variables = Object.entries(environment).map(([name, value]) => word(`${name}=${value}`));
  // The colon before the program: a `$` stands for itself.
  return `# ${NOTE}
# What you add belongs in holdfast.service.d/*.conf beside it.
[Unit]
Description=Holdfast, which keeps coding-agent sessions alive
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=:${command.map(word).join(" ")}
${variables.map((variable) => `Environment=${variable}\n`).join("")}Restart=on-failure
RestartSec=${AGAIN_S}
# systemd before 254 does not know these two: it waits the first time only, always.
RestartSteps=5
RestartMaxDelaySec=${AGAIN_AT_MOST_S}
# Another start mends neither a wrong configuration (2) nor that another server has the directory (7).
RestartPreventExitStatus=${EXIT.usage} ${EXIT.conflict}
# The signal goes to the server alone, which gives running turns their grace and ends its agents; what is left behind it is killed.
KillMode=mixed
TimeoutStopSec=${STOP_S}
# An agent that is killed for its memory does not take the server along.
OOMPolicy=continue

[Install]
WantedBy=default.target
`;
}

function launchd({ home, uid }: Place, facts: ServiceFacts): Manager {
  const file = `${home}/Library/LaunchAgents/holdfast.plist`;
  const service = `gui/${uid}/holdfast`;
  return {
    name: "launchd",
    file,
    text: plistText(facts),
    enable: [
      ["launchctl", "enable", service],
      ["launchctl", "bootstrap", `gui/${uid}`, file],
    ],
    withoutLogin: "launchd runs it while you are logged in.",
    show: ["launchctl", "print", service],
    meaning: (answer) => ({
      isEnabled: true,
      text: `loaded, ${/^\s*state = (.+)$/m.exec(answer)?.[1] ?? "state unknown"}`,
    }),
    disable: ["launchctl", "disable", service],
    forget: undefined,
  };
}

const xml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** `Disabled` until `launchctl enable` says otherwise: whatever lies in that directory would start at the next login. */
function plistText({ command, environment }: ServiceFacts): string {
  const strings = command.map((text) => `    <string>${xml(text)}</string>\n`).join("");
  const variables = Object.entries(environment)
    .map(([name, value]) => `    <key>${xml(name)}</key>\n    <string>${xml(value)}</string>\n`)
    .join("");
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${NOTE} -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>holdfast</string>
  <key>Disabled</key>
  <true/>
  <key>ProgramArguments</key>
  <array>
${strings}  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables}  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>30</integer>
  <key>ExitTimeOut</key>
  <integer>${STOP_S}</integer>
  <key>ProcessType</key>
  <string>Interactive</string>
</dict>
</plist>
`;
}
