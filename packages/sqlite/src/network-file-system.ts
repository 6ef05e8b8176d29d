import { readFileSync, realpathSync, statfsSync } from "node:fs";

/** `statfs` types of Linux (linux/magic.h and the file systems' own sources) whose locks or syncs go over a network or to a host. */
const NETWORK_TYPES = new Set([
  0x6969, // nfs
  0x517b, // smb
  0xff534d42, // cifs
  0xfe534d42, // smb2
  0x5346414f, // afs
  0x6b414653, // afs, in-kernel
  0x73757245, // coda
  0x564c, // ncp
  0x01021997, // 9p
  0x00c36400, // ceph
  0x0bd00bd0, // lustre
  0x01161970, // gfs2
  0x7461636f, // ocfs2
  0x47504653, // gpfs
  0x19830326, // beegfs
  0xaad7aaea, // panfs
  0x786f4256, // virtualbox shared folder
]);
const FUSE_TYPE = 0x65735546;
/** FUSE has one type for all; the mount table names the program behind it. */
const NETWORK_FUSE =
  /sshfs|nfs|cifs|smb|s3fs|goofys|gcsfuse|rclone|gluster|ceph|davfs|curlftpfs|blobfuse|juicefs|seaweedfs|moosefs|mfs|lizardfs|beegfs|virtiofs|grpcfuse/i;

/** True when SQLite's locks cannot be trusted at `path`, by its `statfs` type (D-34). Only Linux's types are known; elsewhere false. */
export function isNetworkFileSystem(path: string): boolean {
  if (process.platform !== "linux") return false;
  const type = statfsSync(path).type >>> 0;
  if (type !== FUSE_TYPE) return isNetworkType(type);
  // oxlint-disable-next-line house/no-database-fs -- the kernel's mount table
  return isNetworkMount(readFileSync("/proc/self/mountinfo", "utf8"), realpathSync(path));
}

/** Whether a `statfs` type, as an unsigned 32-bit number, is one of a network file system. */
export function isNetworkType(type: number): boolean {
  return NETWORK_TYPES.has(type);
}

/** Whether the mount that holds the absolute path, in the text of a Linux mount table, is a FUSE program that talks to a network. */
export function isNetworkMount(mountinfo: string, path: string): boolean {
  let best = { point: "", kind: "" };
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const point = (before.split(" ")[4] ?? "").replaceAll("\\040", " ");
    const holds = path === point || path.startsWith(point.endsWith("/") ? point : `${point}/`);
    if (point !== "" && holds && point.length >= best.point.length) {
      best = { point, kind: after.split(" ").slice(0, 2).join(" ") };
    }
  }
  return NETWORK_FUSE.test(best.kind);
}
