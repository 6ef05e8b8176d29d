import type { Catcher, Sabotage } from "../sabotage.ts";
import { contract, ENGINE } from "./engine.ts";

const SHARE = "packages/share/src";
const RPC = "packages/rpc/src";

const ofService = (name: string, title: string): Catcher => ({
  file: `packages/share/test/${name}.test.ts`,
  title,
});
const overHttp = (name: string, title: string): Catcher => ({
  file: `packages/server/test/http/${name}.test.ts`,
  title,
});

/** What stands before capnweb and around its thread, and refs: what they allow, and that they end (S-12 to S-16, S-29). */
export const REFS: readonly Sabotage[] = [
  {
    name: "rpc-map-passes",
    rules: ["S-12"],
    breaks: "lets a peer send a map, which capnweb would run here",
    file: `${RPC}/gate/expression.ts`,
    edits: [
      {
        find: '(tag === "error" && isError(value, depth));',
        replace: '(tag === "error" && isError(value, depth)) ||\n    tag === "remap";',
      },
    ],
    catchers: [{ file: `${RPC}/gate/gate.test.ts`, title: "%s as an argument is refused" }],
  },
  {
    name: "rpc-stub-of-the-peer-passes",
    rules: ["S-12"],
    breaks: "lets a peer send stubs and promises of its own, deep in a value",
    file: `${RPC}/gate/expression.ts`,
    edits: [
      {
        find: "for (const member of Object.values(value)) admitValue(member, uses, depth + 1);",
        replace:
          "for (const member of Object.values(value)) if (depth === 0) admitValue(member, uses, depth + 1);",
      },
    ],
    catchers: [{ file: `${RPC}/gate/gate.test.ts` }],
  },
  {
    name: "rpc-any-method",
    rules: ["S-12"],
    breaks: "lets a peer call whatever a stub inherits",
    file: `${RPC}/gate/expression.ts`,
    edits: [
      {
        find: 'if (typeof method !== "string" || !methods.has(method))',
        replace: 'if (typeof method !== "string")',
      },
    ],
    catchers: [{ file: `${RPC}/gate/gate.test.ts`, title: "[S-12] %s is refused" }],
  },
  {
    name: "rpc-silent-thread-kept",
    rules: ["S-29"],
    breaks: "leaves a thread alone that works on and answers nobody",
    file: `${RPC}/host/rpc-host.ts`,
    edits: [
      { find: "if (workedMs >= SILENT_MS || silentMs >= HUNG_MS)", replace: "if (silentMs >= HUNG_MS)" },
    ],
    catchers: [
      {
        file: "packages/rpc/test/host.test.ts",
        title: "[S-29] is replaced once it worked for a second without an answer, and not before",
      },
    ],
  },
  {
    name: "rpc-sessions-of-a-dead-thread-kept",
    rules: ["S-29"],
    breaks: "starts another thread and tells the connections of the one before nothing",
    file: `${RPC}/host/rpc-host.ts`,
    edits: [
      {
        find: 'session.end("replaced", "What answers calls was started anew; repeat them.");',
        replace: "void session;",
      },
    ],
    catchers: [
      {
        file: "packages/rpc/test/host.test.ts",
        title: "[S-29] is replaced once it worked for a second without an answer, and not before",
      },
    ],
  },
  {
    name: "ref-rights-unchecked",
    rules: ["S-14"],
    breaks: "lets any ref of a session do what some ref of it may",
    file: "packages/edge/src/authorize.ts",
    edits: [
      {
        find: '(needs === "owner" || needs === "server" || !credential.rights.includes(needs))',
        replace: '(needs === "owner" || needs === "server")',
      },
    ],
    catchers: [
      overHttp("refs", "[I-21] a ref sees its session and nothing else"),
      overHttp("ref-acts", "[S-14] comments come through a ref"),
    ],
  },
  {
    name: "share-ref-rights-unchecked",
    rules: ["S-14"],
    breaks: "lets whoever has a link to a share do what its owner may",
    file: `${SHARE}/store/access.ts`,
    edits: [
      {
        find: "if (wanted.length > 0 && !wanted.some((right) => mayDo(own, right)))",
        replace: "if (wanted.length > 0 && !wanted.some((right) => mayDo(own, right) || right))",
      },
    ],
    catchers: [ofService("refs", "[S-14] a ref that reads cannot append")],
  },
  {
    name: "ref-tools-unchecked",
    rules: ["S-14"],
    breaks: "lets a ref approve what its limit of tools keeps from it",
    file: "packages/server/src/refs/approval-limits.ts",
    edits: [
      {
        find: "if (tools !== undefined && !tools.includes(permission.tool))",
        replace: "if (tools !== undefined && tools.length === 0)",
      },
    ],
    catchers: [overHttp("ref-acts", "[S-14] approve is once or reject, within its tools and paths")],
  },
  {
    name: "share-ref-uses-unchecked",
    rules: ["S-15", "S-16"],
    breaks: "counts uses and never comes to the last one",
    file: `${SHARE}/store/access.ts`,
    edits: [
      {
        find: "maxUses !== undefined && grant.uses >= maxUses",
        replace: "maxUses !== undefined && grant.uses < 0",
      },
    ],
    catchers: [ofService("refs", "[S-16] uses of a child are uses of its parent")],
  },
  {
    name: "share-expiry-not-written",
    rules: ["S-32"],
    breaks: "goes by the clock alone, so that one that is set back revives a ref",
    file: `${SHARE}/service/share-service.ts`,
    edits: [{ find: 'if (due === "grants") await store.run("expireGrants", {});', replace: "" }],
    catchers: [ofService("refs", "[S-15] an expiry that was seen holds when the clock is set back")],
  },
  {
    name: "share-line-unchecked",
    rules: ["S-13", "S-15"],
    breaks: "looks at a ref alone, and not at those that it comes from",
    file: `${SHARE}/store/access.ts`,
    edits: [
      {
        find: "const hasEnded = line.some((grant)",
        replace: "const hasEnded = line.slice(0, 1).some((grant)",
      },
    ],
    catchers: [
      ofService("refs", "[S-13] revoking a ref ends what comes from it, at once, and again changes nothing"),
    ],
  },
  {
    name: "share-epoch-of-refs-unchecked",
    rules: ["S-13"],
    breaks: "lets refs of before a bump go on",
    file: `${SHARE}/store/access.ts`,
    edits: [
      {
        find: 'return grant.epoch < share.capability_epoch ? "epoch" : undefined;',
        replace: 'return grant.epoch < 0 ? "epoch" : undefined;',
      },
    ],
    catchers: [ofService("refs", "[S-13] a bump ends every ref of before")],
  },
  {
    name: "share-revoked-readers-stay",
    rules: ["S-15"],
    breaks: "refuses a revoked ref from then on, and lets who reads with it read on",
    file: `${SHARE}/service/live.ts`,
    edits: [
      {
        find: 'if (note.kind === "access") reader.check(seen);',
        replace: 'if (note.kind === "access") continue;',
      },
    ],
    catchers: [ofService("live", "[S-15] revoking a parent ends the silent stream of a grandchild at once")],
  },
  {
    name: "ref-stubs-stay",
    rules: ["S-15"],
    breaks: "tells nobody who holds a stub or a stream that its ref has ended",
    file: "packages/server/src/refs/live-refs.ts",
    edits: [
      {
        find: 'else if ("ref" in data && data.ref.ended !== undefined) this.#tell(id);',
        replace: "",
      },
    ],
    catchers: [
      overHttp("ref-rpc", "[S-11, S-15] follows its session, and a revoked parent ends a silent grandchild"),
      overHttp("refs", "[S-15] ending a ref ends the silent streams of those below it"),
    ],
  },
  {
    name: "ref-audit-left-out",
    rules: ["S-16"],
    breaks: "counts what is done through a ref and does not write it down",
    file: `${ENGINE}/commands/ref-use.ts`,
    edits: [
      {
        find: "INSERT INTO ref_audit (ref, action, peer, count, first, last) VALUES (?, ?, ?, 1, ?, ?)",
        replace:
          "INSERT INTO ref_audit (ref, action, peer, count, first, last) SELECT ?, ?, ?, 1, ?, ? WHERE 0",
      },
    ],
    catchers: [contract("refs", "[S-16] what is done through a ref is in its audit and counted up its line")],
  },
  {
    name: "share-audit-left-out",
    rules: ["S-16"],
    breaks: "gives refs on without a word in the audit of the share",
    file: `${SHARE}/store/commands/ref.ts`,
    edits: [
      {
        find: 'auditWrite(write, { share, by, grant: parent, action: "attenuate" }, args.refId);',
        replace: "",
      },
    ],
    catchers: [ofService("refs", "[S-16] every use is in the audit")],
  },
  {
    name: "ref-widens",
    rules: ["S-15"],
    breaks: "gives a child the rights that it asks for, whatever its parent has",
    file: "packages/protocol/src/share/attenuation.ts",
    edits: [{ find: "if (more !== undefined) return { widens: more };", replace: "void more;" }],
    catchers: [
      contract("refs", "[S-15] a child has what its parent has, or less"),
      ofService("refs", "[S-15] a child has no right, time, use or reader more than its parent"),
    ],
  },
  {
    name: "ref-limits-widen",
    rules: ["S-15"],
    breaks: "gives a child the limits that it asks for, whatever its parent has",
    file: "packages/protocol/src/share/attenuation.ts",
    edits: [{ find: "if (widened !== undefined) return { widens: widened };", replace: "void widened;" }],
    catchers: [
      contract("refs", "[S-15] a child has what its parent has, or less"),
      ofService("refs", "[S-15] a child has no right, time, use or reader more than its parent"),
    ],
  },
];
