import { expect, test } from "vitest";
import { CliError } from "./exit-code.ts";
import { isOurs, managerOf } from "./service-unit.ts";

const place = { home: "/home/me", configHome: "/home/me/.config", uid: 1000 };
const textOf = (
  platform: string,
  command: string[],
  environment: Record<string, string> = { PATH: "/bin" },
): string => managerOf(platform, place, { command, environment }).text;
const lineOf = (text: string, key: string) => text.split("\n").find((line) => line.startsWith(`${key}=`));

// What systemd 252 read from the right side is the left one: `systemd --user --test` shows it.
test.each([
  ["/a b/c", String.raw`"/a b/c"`],
  ["/100%h", String.raw`"/100%%h"`],
  ["/$HOME/${X}", '"/$HOME/${X}"'],
  [String.raw`/a"b'c`, String.raw`"/a\"b'c"`],
  [String.raw`/a\tb`, String.raw`"/a\\tb"`],
  [";", '";"'],
  ["/tür", '"/tür"'],
])("[I-26] a unit tells systemd the argument and the variable %j as they are", (text, written) => {
  const unit = textOf("linux", ["/node", text], { PATH: text });
  expect(lineOf(unit, "ExecStart")).toBe(`ExecStart=:"/node" ${written}`);
  expect(lineOf(unit, "Environment")).toBe(`Environment="PATH=${written.slice(1)}`);
  expect(isOurs(unit)).toBe(true);
});

test("[I-26] a property list tells launchd the arguments as they are, and is disabled until it is enabled", () => {
  const { text, file, enable } = managerOf("darwin", place, {
    command: ["/node", 'a<b>&"c"'],
    environment: { PATH: "/x&y" },
  });
  expect(file).toBe("/home/me/Library/LaunchAgents/holdfast.plist");
  expect(text).toContain('<string>/node</string>\n    <string>a&lt;b&gt;&amp;"c"</string>');
  expect(text).toContain("<key>PATH</key>\n    <string>/x&amp;y</string>");
  expect(text).toMatch(/<key>Disabled<\/key>\s*<true\/>/);
  expect(enable).toEqual([
    ["launchctl", "enable", "gui/1000/holdfast"],
    ["launchctl", "bootstrap", "gui/1000", file],
  ]);
  expect(isOurs(text)).toBe(true);
});

test.each([
  ["linux", ["/node", "/a\nExecStartPre=/bin/evil"], /control character/],
  ["darwin", ["/node", "/a\u0000"], /control character/],
  ["linux", ['/no"de'], /quotes in its path/],
  ["win32", ["/node"], /not for win32/],
])("[I-26] on %s, what cannot be written down is refused: %j", (platform, command, words) => {
  expect(() => textOf(platform, command)).toThrow(words);
  expect(() => textOf(platform, command)).toThrow(CliError);
});
