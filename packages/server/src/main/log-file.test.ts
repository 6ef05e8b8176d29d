import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { LogFile } from "./log-file.ts";

const root = mkdtempSync(join(tmpdir(), "holdfast-log-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("[I-24] two files of bounded size, the newest lines whole, nobody else's to read", () => {
  const path = join(root, "logs", "server.log");
  for (const part of ["first", "second"]) {
    // As after a restart: it goes on behind what is there.
    const log = new LogFile(path, 1_000);
    for (let number = 0; number < 100; number += 1) log.write(`${part} ${number}\n`);
  }
  const [newer, older] = [readFileSync(path, "utf8"), readFileSync(`${path}.1`, "utf8")];
  expect(`${older}${newer}`).toMatch(/^\w+ \d+\n/);
  expect(newer.endsWith("second 99\n")).toBe(true);
  const numbers = [...`${older}${newer}`.matchAll(/second (\d+)/g)].map(([, digits]) => Number(digits));
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index).slice(-numbers.length));
  for (const file of [path, `${path}.1`]) {
    expect(statSync(file).size).toBeLessThan(1_020);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
});

test("[I-24, D-34] a place that cannot be written costs lines, and the next ones are there", () => {
  const place = join(root, "gone");
  const path = join(place, "server.log");
  const log = new LogFile(path, 50);
  log.write(`${"a".repeat(50)}\n`);
  rmSync(place, { recursive: true });
  writeFileSync(place, "in the way");
  expect(() => log.write("lost\n")).not.toThrow();
  rmSync(place);
  log.write("there\n");
  expect(readFileSync(path, "utf8")).toBe("there\n");
});
