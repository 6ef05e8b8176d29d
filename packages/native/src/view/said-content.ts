import type { AssistantModelMessage } from "ai";

/** What a model said in one message. */
export type Content = Exclude<AssistantModelMessage["content"], string>;

/** Some adapters join texts that follow each other, with nothing between them: unless the provider knows them apart, they are one text. */
export function addSaid(content: Content, said: Content): void {
  const [last, next] = [content.at(-1), said[0]];
  const isOne =
    last?.type === "text" &&
    next?.type === "text" &&
    last.providerOptions === undefined &&
    next.providerOptions === undefined;
  if (isOne) content.splice(-1, 1, { type: "text", text: `${last.text}\n\n${next.text}` }, ...said.slice(1));
  else content.push(...said);
}
