/** Joins class names; leaves out what is false or absent. */
export function classes(...names: (string | false | undefined | null)[]): string {
  return names.filter((name) => typeof name === "string" && name !== "").join(" ");
}
