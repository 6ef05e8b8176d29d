/** How a native agent gets a model (A-26), as commands to type. Pure. */

/** Opens the file of keys in an editor; one that it makes can be read by nobody else. What stands in it stays. */
export function editKeysCommand(file: string): string {
  const directory = file.slice(0, Math.max(1, file.lastIndexOf("/")));
  return `(umask 077; mkdir -p ${quoted(directory)}; \${EDITOR:-vi} ${quoted(file)})`;
}

/** Starts the server with an endpoint that speaks as OpenAI's chat does. */
export const ENDPOINT_COMMAND =
  "HOLDFAST_MODEL_URL=http://127.0.0.1:11434/v1 HOLDFAST_MODEL=qwen3-coder holdfast serve";

const quoted = (path: string): string =>
  /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
