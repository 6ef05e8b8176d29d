const LINE = 19;
const WIDTH = 900;
const PAD = 18;

const escape = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Lines of a terminal as a small SVG that reads well on light and dark pages; commands stand out, notes are dim. */
export function terminalPicture(lines: readonly string[]): string {
  const height = PAD * 2 + 24 + lines.length * LINE;
  const rows = lines.map((line, index) => {
    const style = line.startsWith("$ ") ? "command" : line.startsWith("# ") ? "note" : "text";
    const y = PAD + 36 + index * LINE;
    return `<text class="${style}" x="${PAD}" y="${y}" xml:space="preserve">${escape(line.slice(0, 108))}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="A terminal: a session before and after kill -9">
<style>
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #c9d1d9 }
  .command { fill: #ffffff; font-weight: 600 }
  .note { fill: #7ee787; font-weight: 600 }
</style>
<rect width="${WIDTH}" height="${height}" rx="10" fill="#12161c"/>
<circle cx="22" cy="20" r="5" fill="#3a4250"/><circle cx="40" cy="20" r="5" fill="#3a4250"/><circle cx="58" cy="20" r="5" fill="#3a4250"/>
${rows.join("\n")}
</svg>
`;
}
