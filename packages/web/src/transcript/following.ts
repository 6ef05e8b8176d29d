/** What is read and set of a list that scrolls, in px. */
type Box = Pick<HTMLElement, "scrollTop" | "scrollHeight" | "clientHeight">;

/** This close to the end, in px, the list follows what comes. */
export const END_PX = 80;

export const distanceToEnd = (box: Readonly<Box>): number =>
  box.scrollHeight - box.scrollTop - box.clientHeight;

/** Whether the end is followed: until somebody scrolls up, and again from when they are back at the end. */
export class Following {
  #isOn: boolean;
  #top = 0;

  constructor(atFirst: boolean) {
    this.#isOn = atFirst;
  }

  scrolled(box: Readonly<Box>): void {
    if (distanceToEnd(box) < END_PX) this.#isOn = true;
    else if (box.scrollTop < this.#top) this.#isOn = false;
    this.#top = box.scrollTop;
  }

  /**
   * To be called after each drawing. A list that became shorter is moved up by the browser, and may have grown again when the event of that
   * arrives: nobody scrolled up.
   */
  laidOut(box: Readonly<Box>): void {
    if (distanceToEnd(box) < END_PX) this.#top = box.scrollTop;
  }

  keepUp(box: Box): void {
    if (this.#isOn) box.scrollTop = box.scrollHeight;
  }
}
