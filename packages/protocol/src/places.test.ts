import { describe, expect, test } from "vitest";
import { configFileOf, dataDirectoryOf } from "./places.ts";

const at = (env: Record<string, string>, platform = "linux", home = "/home/me") => ({
  env,
  systemHome: () => home,
  platform,
});

describe("where Holdfast keeps a user's things", () => {
  test.each([
    [{ HOLDFAST_DATA_DIR: "/d" }, "/d"],
    [{ HOLDFAST_DATA_DIR: "", XDG_DATA_HOME: "/x" }, "/x/holdfast"],
    [{ XDG_DATA_HOME: "x", HOME: "/h" }, "/h/.local/share/holdfast"],
    [{ XDG_DATA_HOME: "", HOME: "/h/" }, "/h/.local/share/holdfast"],
    [{ HOME: "" }, "/home/me/.local/share/holdfast"],
    [{ HOME: "me" }, "/home/me/.local/share/holdfast"],
    [{}, "/home/me/.local/share/holdfast"],
  ])("[I-12] data by %j: %s", (env, path) => {
    expect(dataDirectoryOf(at(env))).toBe(path);
  });

  test.each([
    [{ XDG_CONFIG_HOME: "/x" }, "/x/holdfast/config.jsonc"],
    [{ XDG_CONFIG_HOME: ".", HOME: "/h" }, "/h/.config/holdfast/config.jsonc"],
    [{ HOME: "" }, "/home/me/.config/holdfast/config.jsonc"],
  ])("[I-12] configuration by %j: %s", (env, path) => {
    expect(configFileOf(at(env))).toBe(path);
  });

  test("[I-12] on macOS, and without any home", () => {
    expect(dataDirectoryOf(at({ HOME: "/h" }, "darwin"))).toBe("/h/Library/Application Support/holdfast");
    for (const home of ["", "relative"]) {
      expect(() => dataDirectoryOf(at({ HOME: "" }, "linux", home))).toThrow(/HOME or HOLDFAST_DATA_DIR/);
      expect(() => configFileOf(at({ HOME: "" }, "linux", home))).toThrow(/HOME or XDG_CONFIG_HOME/);
    }
    for (const given of ["data", "./data", "../data", "~/data"])
      expect(() => dataDirectoryOf(at({ HOLDFAST_DATA_DIR: given }))).toThrow(/absolute path/);
  });
});
