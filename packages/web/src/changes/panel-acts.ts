import type { Change } from "@holdfast/protocol";
import type { KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import { actOf, isTaken, type PanelAct } from "../keyboard/index.ts";

/** Where the focus is: on a hunk of a file, or on a file. */
type Here = { change: Change | undefined; hunkId: string | undefined };

export type PanelActs = {
  changeOf: (id: string) => Change | undefined;
  isOpen: (change: Change) => boolean;
  fold: (change: Change) => void;
  choose: (change: Change, hunkId?: string) => void;
  /** Of what is chosen, else of what has the focus. */
  decide: (verb: "take" | "reject", here: Here) => void;
  undo: () => void;
  reviewed: (change: Change, hunkId?: string) => void;
};

/** The keys of the panel, while the focus is inside it. What somebody writes, and what a control has its own use for, is left alone. */
export function panelKeys(acts: PanelActs): (event: KeyboardEvent<HTMLElement>) => void {
  return (event) => {
    const act = actOf(event);
    if (act === undefined || event.defaultPrevented || isTaken(event.target, act)) return;
    event.preventDefault();
    run(act, event.currentTarget, acts);
  };
}

function run(act: PanelAct, panel: HTMLElement, acts: PanelActs): void {
  const here = hereOf(acts);
  const { change, hunkId } = here;
  switch (act) {
    case "nextFile":
      return step(panel, "[data-change]", 1);
    case "previousFile":
      return step(panel, "[data-change]", -1);
    case "nextHunk":
    case "previousHunk":
      if (change !== undefined && !acts.isOpen(change)) flushSync(() => acts.fold(change));
      return step(panel, "[data-hunk]", act === "nextHunk" ? 1 : -1);
    case "unfold":
      return change === undefined ? undefined : acts.fold(change);
    case "select":
      return change === undefined ? undefined : acts.choose(change, hunkId);
    case "take":
    case "reject":
      return acts.decide(act, here);
    case "undo":
      return acts.undo();
    case "reviewed":
      return change === undefined ? undefined : acts.reviewed(change, hunkId);
    case "comment":
      return comment(panel);
  }
}

function hereOf({ changeOf }: PanelActs): Here {
  const focus = document.activeElement;
  const file = focus?.closest<HTMLElement>("[data-change]");
  return {
    change: changeOf(file?.dataset["change"] ?? ""),
    hunkId: focus?.closest<HTMLElement>("[data-hunk]")?.dataset["hunk"],
  };
}

/** To the next or previous of `selector` in the order of the page, seen from where the focus is. */
function step(panel: HTMLElement, selector: string, by: 1 | -1): void {
  const all = [...panel.querySelectorAll<HTMLElement>(selector)];
  const focus = document.activeElement;
  const at = all.findIndex((one) => one === focus || one.contains(focus));
  const next = at >= 0 ? all[at + by] : nearest(all, focus, by);
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

/** The first behind, or the last before, an element that is none of them. */
function nearest(all: readonly HTMLElement[], from: Element | null, by: 1 | -1): HTMLElement | undefined {
  if (from === null) return all[0];
  const flag = by === 1 ? Node.DOCUMENT_POSITION_FOLLOWING : Node.DOCUMENT_POSITION_PRECEDING;
  const isBeyond = (one: HTMLElement) => (from.compareDocumentPosition(one) & flag) !== 0;
  return by === 1 ? all.find(isBeyond) : all.findLast(isBeyond);
}

/** A remark on the line that has the focus, else on the first that changed nearby. */
function comment(panel: HTMLElement): void {
  const focus = document.activeElement;
  if (focus instanceof HTMLElement && "line" in focus.dataset) return focus.click();
  const area = focus?.closest("[data-hunk], [data-change]") ?? panel;
  area.querySelector<HTMLElement>("[data-line]")?.click();
}
