import { expect, test } from "vitest";
import { Following } from "./following.ts";

/** A box 500 px high that never scrolls past its end, as a browser has it. */
function boxOf(height: number) {
  let [top, all] = [height - 500, height];
  return {
    clientHeight: 500,
    get scrollHeight() {
      return all;
    },
    set scrollHeight(height: number) {
      all = height;
      top = Math.min(top, all - 500);
    },
    get scrollTop() {
      return top;
    },
    set scrollTop(to: number) {
      top = Math.min(to, all - 500);
    },
  };
}

test("[I-16] the end is followed until somebody scrolls up, and again from the end", () => {
  const following = new Following(true);
  const box = boxOf(2_000);
  following.scrolled(box);
  box.scrollHeight = 2_400;
  following.keepUp(box);
  expect(box.scrollTop).toBe(1_900);
  following.scrolled(box);
  box.scrollTop = 1_500;
  following.scrolled(box);
  box.scrollHeight = 2_600;
  following.laidOut(box);
  following.keepUp(box);
  expect(box.scrollTop).toBe(1_500);
  box.scrollTop = 2_100;
  following.scrolled(box);
  box.scrollHeight = 3_000;
  following.keepUp(box);
  expect(box.scrollTop).toBe(2_500);
});

test("[I-16] a list that becomes shorter and grows again is followed still: nobody scrolled up", () => {
  const following = new Following(true);
  const box = boxOf(2_000);
  following.scrolled(box);
  // A long output is folded, which moves the list; what comes next is drawn before the event of that.
  box.scrollHeight = 1_200;
  following.laidOut(box);
  box.scrollHeight = 1_400;
  following.laidOut(box);
  following.scrolled(box);
  following.keepUp(box);
  expect(box.scrollTop).toBe(900);
});
