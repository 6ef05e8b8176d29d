import { encodeQR } from "qr";
import { decodeQR } from "qr/decode.js";
import { expect, test } from "vitest";

/** Pixels of one cell: a reader of pictures wants more than one. */
const SCALE = 4;

test.each([
  "http://127.0.0.1:4681/s/hfs_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG012345",
  `https://${"share.".repeat(20)}example/l#hfs_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG012345`,
])("[S-11] the code of %s is read as it", (link) => {
  const cells = encodeQR(link, "raw", { ecc: "medium", border: 3 });
  const size = cells.length * SCALE;
  const data = new Uint8Array(size * size * 4).fill(255);
  for (let y = 0; y < size; y += 1)
    for (let x = 0; x < size; x += 1)
      if (cells[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] === true)
        data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3);
  expect(decodeQR({ width: size, height: size, data })).toBe(link);
});
