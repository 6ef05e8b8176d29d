/** How providers say that a request does not fit the context window (session-model 3), one line per wording. */
const OVERFLOW_TEXTS: readonly RegExp[] = [
  /prompt is too long/i, // Anthropic
  /input is too long for requested model/i, // Bedrock
  /exceeds the context window/i, // OpenAI
  /input token count.*exceeds the maximum/i, // Gemini
  /maximum prompt length is \d+/i, // xAI
  /reduce the length of the messages/i, // Groq
  /maximum context length is \d+ tokens/i, // OpenRouter, DeepSeek, vLLM
  /exceeds the limit of \d+/i, // Copilot
  /exceeds the available context size/i, // llama.cpp
  /greater than the context length/i, // LM Studio
  /context window exceeds limit/i, // MiniMax
  /exceeded model token limit/i, // Kimi
  /context[_ -]length[_ -]exceeded/i, // generic
  /request entity too large/i, // proxies
  /context length is only \d+ tokens/i, // vLLM
  /input length.*exceeds.*context length/i, // vLLM
];

/** A bare status line where the provider's refusal had no body. 429 is a rate, never an overflow. */
const EMPTY_REFUSAL = /^4(?:00|13)\b.*\(no body\)/i;

export const OVERFLOW_CODE = "context_length_exceeded";

/** Whether an error's text says that the context window is exceeded. */
export function saysOverflow(message: string): boolean {
  return EMPTY_REFUSAL.test(message) || OVERFLOW_TEXTS.some((pattern) => pattern.test(message));
}
