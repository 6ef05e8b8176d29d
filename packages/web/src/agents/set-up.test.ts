import { expect, test } from "vitest";
import { editKeysCommand } from "./set-up.ts";

test.each([
  ["/home/me/.config/holdfast/keys.json", "/home/me/.config/holdfast", "/home/me/.config/holdfast/keys.json"],
  ["/a b/keys.json", "'/a b'", "'/a b/keys.json'"],
  ["/it's/keys.json", String.raw`'/it'\''s'`, String.raw`'/it'\''s/keys.json'`],
  ["/$(x)/keys.json", "'/$(x)'", "'/$(x)/keys.json'"],
  ["/keys.json", "/", "/keys.json"],
])(
  "[A-26] the command that opens %s makes it for its owner alone, whatever its name",
  (file, made, opened) => {
    expect(editKeysCommand(file)).toBe(`(umask 077; mkdir -p ${made}; \${EDITOR:-vi} ${opened})`);
  },
);
