/** A text without what nobody sees in it: a search that colours its finds, or a character of no width, must not hide a secret (S-17). */

/** Colours and other orders to a terminal, as they are and as JSON writes them; characters of no width. */
const UNSEEN =
  /(?:\u001b|\\u001b)(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|\][^\u0007\u001b\\]{0,256}(?:\u0007|\u001b\\|\\u0007)|[()][0-2A-B]|[=>])|[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\u034f|[\ufe00-\ufe0f]/g;

export type BareText = {
  text: string;
  /** Where a range of it stands in the whole text, with what is unseen inside of it. */
  placeOf: (range: { start: number; end: number }) => { start: number; end: number };
};

export function bareText(whole: string): BareText {
  if (whole.search(UNSEEN) < 0) return { text: whole, placeOf: ({ start, end }) => ({ start, end }) };
  /** Of each piece that is seen: where it begins in the bare text, and in the whole. */
  const pieces: { bare: number; whole: number }[] = [];
  let text = "";
  let from = 0;
  const take = (to: number): void => {
    if (to === from) return;
    pieces.push({ bare: text.length, whole: from });
    text += whole.slice(from, to);
  };
  for (const match of whole.matchAll(UNSEEN)) {
    take(match.index);
    from = match.index + match[0].length;
  }
  take(whole.length);
  const at = (place: number): number => {
    let [low, high] = [0, pieces.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((pieces[middle]?.bare ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    const piece = pieces[low] ?? { bare: 0, whole: 0 };
    return piece.whole + place - piece.bare;
  };
  return { text, placeOf: ({ start, end }) => ({ start: at(start), end: at(end - 1) + 1 }) };
}
