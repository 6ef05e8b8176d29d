/** What a peer may not say here. The message names what was wrong, never what was said; the session is over. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
