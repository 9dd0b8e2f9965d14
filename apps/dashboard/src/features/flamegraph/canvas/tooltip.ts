import type { NodeFacts } from '../scene/node-facts.ts';

const OFFSET = 14;

/** A tooltip that follows the pointer without React: one element that is moved by a transform. */
export class FlameTooltip {
  readonly #element: HTMLDivElement;
  #size = { width: 0, height: 0 };

  constructor(host: HTMLElement) {
    this.#element = host.ownerDocument.createElement('div');
    this.#element.className = 'flame-tooltip';
    this.#element.setAttribute('aria-hidden', 'true');
    this.#element.hidden = true;
    host.append(this.#element);
  }

  show(facts: NodeFacts): void {
    const document = this.#element.ownerDocument;
    const line = (className: string, text: string): HTMLElement => {
      const element = document.createElement('div');
      element.className = className;
      element.textContent = text;
      return element;
    };
    const lines = [line('flame-tooltip-name', facts.name)];
    if (facts.file !== '') lines.push(line('flame-tooltip-file', facts.file));
    this.#element.replaceChildren(...lines, this.#table(facts));
    if (facts.note !== '') this.#element.append(line('flame-tooltip-note', facts.note));
    this.#element.hidden = false;
    this.#size = { width: this.#element.offsetWidth, height: this.#element.offsetHeight };
  }

  /** Moves the tooltip beside a point of the window, to the side where there is room. */
  moveTo(x: number, y: number): void {
    const { innerWidth, innerHeight } = window;
    const { width, height } = this.#size;
    const left = x + OFFSET + width > innerWidth ? Math.max(4, x - OFFSET - width) : x + OFFSET;
    const top = y + OFFSET + height > innerHeight ? Math.max(4, y - OFFSET - height) : y + OFFSET;
    this.#element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  hide(): void {
    this.#element.hidden = true;
  }

  remove(): void {
    this.#element.remove();
  }

  #table(facts: NodeFacts): HTMLTableElement {
    const table = this.#element.ownerDocument.createElement('table');
    const head = table.createTHead().insertRow();
    head.insertCell();
    for (const heading of facts.headings) head.insertCell().textContent = heading;
    const body = table.createTBody();
    for (const row of facts.rows) {
      const line = body.insertRow();
      line.insertCell().textContent = row.label;
      for (const value of row.values) line.insertCell().textContent = value;
    }
    return table;
  }
}
