/** `npm run torture`: kills, or with `--power-loss` losses of power. Each has a command line of its own. */
await(process.argv.includes("--power-loss") ? import("../power-loss/main.ts") : import("./main.ts"));
