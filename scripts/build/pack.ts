import { execFileSync } from "node:child_process";

/** What npm says about a tarball; sizes in bytes. */
export type Packed = {
  name: string;
  version: string;
  filename: string;
  size: number;
  unpackedSize: number;
  entryCount: number;
};

/** Packs a built package as it would be published; the tarball goes into `to`. */
export function pack(directory: string, to: string): Packed {
  const args = ["pack", "--json", "--pack-destination", to, directory];
  const said = execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const [packed] = JSON.parse(said) as Packed[];
  if (packed === undefined) throw new Error(`npm pack told nothing of ${directory}.`);
  return packed;
}
