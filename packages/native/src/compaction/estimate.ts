/** About how many tokens rows are, before a model has counted them. Pure. */
import type { Message, Part, ToolPart } from "@holdfast/protocol";
import { mediumOf, WORDS } from "../view/index.ts";

/** Four characters are about one token. */
export const CHARACTERS_PER_TOKEN = 4;
const MEDIA = { image: 1_500, pdf: 2_000 };

const tokensOfText = (text: string): number => Math.ceil(text.length / CHARACTERS_PER_TOKEN);

export const tokensOf = ({ parts }: Message): number =>
  parts.reduce((sum, part) => sum + tokensOfPart(part), 0);

/** What the result of a call is for the model. */
export function tokensOfOutput({ state }: ToolPart): number {
  switch (state.status) {
    case "completed": {
      if (state.time.compacted !== undefined) return tokensOfText(WORDS.cleared);
      const attached = state.attachments?.reduce((sum, { mime }) => sum + tokensOfFile(mime), 0) ?? 0;
      return tokensOfText(state.output) + attached;
    }
    case "error":
      return tokensOfText(state.output ?? state.error);
    default:
      return tokensOfText(WORDS.interrupted);
  }
}

function tokensOfPart(part: Part): number {
  switch (part.type) {
    case "text":
      return part.attempt === undefined && part.ignored !== true ? tokensOfText(part.text) : 0;
    case "reasoning":
      return part.attempt === undefined ? tokensOfText(part.text) : 0;
    case "tool":
      return tokensOfText(part.tool + JSON.stringify(part.state.input)) + tokensOfOutput(part);
    case "file":
      return tokensOfFile(part.mime);
    case "subtask":
      return tokensOfText(part.prompt);
    default:
      return 0;
  }
}

function tokensOfFile(mime: string): number {
  const medium = mediumOf(mime);
  return medium === undefined ? 0 : MEDIA[medium];
}
