import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { isNetworkFileSystem, isNetworkMount, isNetworkType } from "./network-file-system.ts";

test("[D-34] network file systems are known by their statfs type", () => {
  for (const type of [0x6969, 0xff534d42, 0xfe534d42, 0x01021997]) expect(isNetworkType(type)).toBe(true);
  for (const type of [0xef53, 0x9123683e, 0x01021994, 0x794c7630, 0x58465342])
    expect(isNetworkType(type)).toBe(false);
  expect(isNetworkFileSystem(tmpdir())).toBe(false);
});

test("[D-34] a FUSE mount is judged by the program behind it, at the longest mount point", () => {
  const table = [
    "22 1 0:20 / / rw shared:1 - fuse.fuse-overlayfs fuse-overlayfs rw",
    "40 22 0:40 / /home/u/far\\040away rw - fuse.sshfs u@host:/ rw",
    "41 22 0:41 / /home/u/far\\040away/disk rw - ext4 /dev/vda rw",
    "",
  ].join("\n");
  expect(isNetworkMount(table, "/home/u")).toBe(false);
  expect(isNetworkMount(table, "/home/u/far away/data")).toBe(true);
  expect(isNetworkMount(table, "/home/u/far awayer")).toBe(false);
  expect(isNetworkMount(table, "/home/u/far away/disk/data")).toBe(false);
});
