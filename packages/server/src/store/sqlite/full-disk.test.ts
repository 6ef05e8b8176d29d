import { HoldfastError } from "@holdfast/kernel";
import { expect, test } from "vitest";
import { runWithReserve } from "./full-disk.ts";

/** A runner on a disk that is full until the reserve is released. */
function fullDisk() {
  let isFull = true;
  return {
    isFull: () => isFull,
    run: <T>(command: string): Promise<T> =>
      isFull
        ? Promise.reject(new HoldfastError("STORAGE_UNAVAILABLE", "The disk is full."))
        : Promise.resolve(command as T),
    releaseReserve: () => {
      isFull = false;
      return true;
    },
  };
}

test("[D-34] what ends a turn releases the reserve on a full disk, is refused once, and then works", async () => {
  const disk = fullDisk();
  const run = runWithReserve(disk);
  await expect(run("finalizeTurn", {} as never)).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
  await expect(run("finalizeTurn", {} as never)).resolves.toBe("finalizeTurn");
});

test("[D-34] an admission does not eat the reserve", async () => {
  const disk = fullDisk();
  await expect(runWithReserve(disk)("admitInput", {} as never)).rejects.toMatchObject({
    code: "STORAGE_UNAVAILABLE",
  });
  expect(disk.isFull()).toBe(true);
});
