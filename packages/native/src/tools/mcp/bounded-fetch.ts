/** `fetch` that gives up an answer, or a stream of events, once it has more than so many bytes. */
export function boundedFetch(bytes: number): typeof fetch {
  return async (address, init) => {
    const response = await fetch(address, init);
    if (response.body === null) return response;
    let left = bytes;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        left -= chunk.byteLength;
        if (left < 0) controller.error(new Error(`an answer has more than ${bytes} bytes`));
        else controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(counted), response);
  };
}
