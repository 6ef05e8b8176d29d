import { boundaryRules } from "./scripts/bounds/rules.ts";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: boundaryRules(import.meta.dirname),
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^packages/[^/]+/(dist|dist-types|test/golden)/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js"],
    },
  },
};
