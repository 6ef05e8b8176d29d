/** Whether content of this media type is text that a model reads as it is. */
export const isTextMime = (mime: string): boolean =>
  mime.startsWith("text/") || /^application\/(?:json|xml|yaml|toml|javascript|x-sh)\b/.test(mime);
