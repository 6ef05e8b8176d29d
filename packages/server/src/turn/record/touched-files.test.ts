import { describe, expect, test } from "vitest";
import { TouchedFiles } from "./touched-files.ts";

describe("evidence of an agent", () => {
  test("[W-5] a call names files by its diffs and places, whenever its kind becomes known", () => {
    const touched = new TouchedFiles();
    touched.take({ callId: "1", locations: [{ path: "/p/a" }] });
    touched.take({ callId: "2", locations: [{ path: "/p/read" }] });
    touched.take({ callId: "1", kind: "edit", diffs: [{ path: "/p/b", newText: "x" }] });
    touched.take({ callId: "2", kind: "read", status: "completed" });
    touched.take({ callId: "3", kind: "execute", locations: [{ path: "/p/c" }] });
    expect(touched.paths()).toEqual(["/p/a", "/p/b", "/p/c"]);
  });

  test("[W-5] arguments count where the call changes what they name", () => {
    const touched = new TouchedFiles();
    touched.take({ callId: "1", kind: "edit", input: { file_path: "a", content: "path" } });
    touched.take({ callId: "2", kind: "search", input: { path: "b" } });
    touched.take({ callId: "3", input: { path: "c" } });
    expect(touched.paths()).toEqual(["a"]);
  });

  test("[W-5] a call that fails is no evidence, what was written through us always is", () => {
    const touched = new TouchedFiles();
    touched.take({ callId: "1", kind: "edit", locations: [{ path: "/p/a" }] });
    touched.take({ callId: "1", status: "error" });
    touched.write("/p/w");
    expect(touched.paths()).toEqual(["/p/w"]);
  });

  test("[W-5] it is bounded: files beyond the bound are nobody's in particular", () => {
    const touched = new TouchedFiles();
    for (let call = 0; call < 12; call += 1) {
      const locations = Array.from({ length: 1_100 }, (_, at) => ({ path: `/p/${call}/${at}` }));
      touched.take({ callId: `${call}`, kind: "edit", locations });
    }
    expect(touched.paths()).toHaveLength(10_000);
  });
});
