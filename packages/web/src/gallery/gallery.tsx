/** Recorded transcripts in every state. */
export function Gallery() {
  return <h1 className="p-6 text-lg font-semibold">Gallery</h1>;
}
