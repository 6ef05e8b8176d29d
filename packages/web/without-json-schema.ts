import type { Plugin } from "vite";

const ZOD_SCHEMAS = /\/zod\/v4\/classic\/schemas\.js$/;

/**
 * Leaves out of the page what turns schemas into JSON Schema: only the server describes its API (I-1), and each schema carries a way to it that no
 * bundler can see to be unused, 5 KB gzipped of the 130 KB of the first load (I-16). Fails when Zod looks different, rather than doing nothing.
 */
export function withoutJsonSchema(): Plugin {
  return {
    name: "holdfast:without-json-schema",
    apply: "build",
    transform(code, id) {
      if (!ZOD_SCHEMAS.test(id)) return undefined;
      const without = code
        .replaceAll(/^\s*inst\._zod\.processJSONSchema = .*;$/gm, "")
        .replaceAll(/create(?:Standard|To)JSONSchemaMethod\([^)]*\)(?:\(params\))?/g, "undefined");
      if (without === code) throw new Error("Zod's JSON Schema was not found where it used to be.");
      return { code: without, map: null };
    },
  };
}
