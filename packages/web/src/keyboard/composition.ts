/** `keyCode` is deprecated and says what nothing else does. */
type Stroke = { isComposing: boolean; keyCode: number };

/** What a browser calls a key that an input method takes; Safari tells of the Enter that ends a composition by it alone, after the end. */
const TAKEN_BY_INPUT_METHOD = 229;

/** Whether a key stroke belongs to an input method: it chooses or ends what is being composed, and means nothing else. */
export const isComposed = ({ isComposing, keyCode }: Stroke): boolean =>
  isComposing || keyCode === TAKEN_BY_INPUT_METHOD;

/** Keeps the strokes of input methods from everything on the page that listens to keys (I-22). To be called before anything listens. */
export function guardCompositions(page: Window): void {
  const guard = (event: KeyboardEvent) => isComposed(event) && event.stopImmediatePropagation();
  page.addEventListener("keydown", guard, { capture: true });
}
