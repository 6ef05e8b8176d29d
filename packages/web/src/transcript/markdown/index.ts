export { CodeBlock, CopyButton } from "./code-block.tsx";
export { Markdown } from "./markdown.tsx";
export { highlight } from "./highlight.ts";
