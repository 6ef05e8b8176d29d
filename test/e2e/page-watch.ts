/**
 * What every window of every flow is watched for, whatever its test looks at: layout shifts that no input of the last half second explains (T-18, I-16)
 * and content that the policy refused (I-6). It sits in the documents as an init script and tells the test at once, so that a reload loses nothing.
 */
import type { BrowserContext, Page } from "playwright-core";

/** A window whose shifts reach this sum in one flow is unsteady (T-18). */
export const SHIFT_BOUND = 0.05;

type Shift = { value: number; path: string; nodes: string[] };
type Report = { shift?: Shift; violation?: string };

const BINDING = "tellHoldfastTest";

const SCRIPT = `(() => {
  const tell = window[${JSON.stringify(BINDING)}];
  const path = () => location.pathname;
  const side = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ');
  const nameOf = (node) => {
    const element = node?.nodeType === 1 ? node : node?.parentElement;
    if (!element) return 'a node that is gone';
    const label = element.getAttribute('aria-label') ?? element.getAttribute('role') ?? element.className;
    return '<' + element.localName + ' ' + label + '> ' + JSON.stringify((element.textContent ?? '').slice(0, 40));
  };
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      const nodes = sources.map((one) => nameOf(one.node) + ' from ' + side(one.previousRect) + ' to ' + side(one.currentRect));
      void tell({ shift: { value, path: path(), nodes } });
    }
  }).observe({ type: 'layout-shift', buffered: true });
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
    void tell({ violation: path() + ': ' + violatedDirective + ' refused ' + blockedURI + ' of ' + sourceFile });
  });
})();`;

/** Watches the windows of one flow; `complaints` says what is wrong with them. */
export class PageWatch {
  readonly #shifts = new Map<Page, Shift[]>();
  readonly #violations: string[] = [];

  /** Before the first window of the context is opened. */
  async join(context: BrowserContext): Promise<void> {
    await context.exposeBinding(BINDING, ({ page }, { shift, violation }: Report) => {
      if (violation !== undefined) this.#violations.push(`Content was refused at ${violation}`);
      if (shift !== undefined) this.#shifts.set(page, [...(this.#shifts.get(page) ?? []), shift]);
    });
    await context.addInitScript(SCRIPT);
  }

  /** One sentence for each thing that is wrong, with the nodes that moved. */
  complaints(): string[] {
    const unsteady = [...this.#shifts.values()].flatMap((shifts) => {
      const sum = shifts.reduce((all, { value }) => all + value, 0);
      if (sum < SHIFT_BOUND) return [];
      const moves = shifts.map(
        ({ value, path, nodes }) => `  ${value.toFixed(4)} at ${path}:\n    ${nodes.join("\n    ")}`,
      );
      return [`A window shifted by ${sum.toFixed(4)}, the bound is ${SHIFT_BOUND}:\n${moves.join("\n")}`];
    });
    return [...this.#violations, ...unsteady];
  }
}
