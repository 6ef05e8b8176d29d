import { get, type IncomingMessage } from "node:http";

/** One subscriber of an event stream: calls `onFrame` with the name and the text of every complete frame, in order. Resolves once it is open. */
export async function subscribe(
  url: string,
  token: string,
  onFrame: (event: string, frame: string) => void,
): Promise<{ close(): void }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(url, { headers: { authorization: `Bearer ${token}` } }, resolve);
    request.once("error", reject);
  });
  if (response.statusCode !== 200) throw new Error(`The stream was answered with ${response.statusCode}.`);
  let text = "";
  response.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const frame = text.slice(0, end);
      text = text.slice(end + 2);
      onFrame(/^event: (.*)$/m.exec(frame)?.[1] ?? "message", frame);
    }
  });
  return { close: () => response.destroy() };
}
