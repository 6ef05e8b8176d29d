import picomatch from "picomatch";

/** Whether a name matches a glob. One without a slash is matched in every directory, as people mean it. */
export function matcherOf(glob: string): (name: string) => boolean {
  const pattern = glob.replace(/^\.\//, "");
  const isMatch = picomatch(pattern.includes("/") ? pattern : `**/${pattern}`, { dot: true });
  return (name) => isMatch(name);
}
