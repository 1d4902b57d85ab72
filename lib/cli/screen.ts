import { columnsOf, type Output, rowsOf } from './terminal.js';

const enterSequence = '\x1b[?1049h\x1b[?25l\x1b[?7l'; // alternate screen, no cursor, no wrapping
const leaveSequence = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const clearSequence = '\x1b[2J';

/**
 * The terminal's alternate screen. `draw` writes only the lines that differ from what is there;
 * `leave` puts the terminal back as it was and may be called at any time and more than once.
 */
export class Screen {
  readonly #output: Output;
  #shown: readonly string[] = [];
  #entered = false;

  constructor(output: Output) {
    this.#output = output;
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: columnsOf(this.#output), rows: rowsOf(this.#output) };
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#shown = [];
    this.#output.write(enterSequence + clearSequence);
  }

  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#output.write(leaveSequence);
  }

  /** What is on the screen is unknown from here on (the window changed): draw all of it anew. */
  forget(): void {
    if (!this.#entered) return;
    this.#shown = [];
    this.#output.write(clearSequence);
  }

  draw(lines: readonly string[]): void {
    if (!this.#entered) return;
    const count = Math.max(lines.length, this.#shown.length);
    let update = '';
    // Erased before it is written: behind a line of full width the cursor stands on its last cell.
    for (let row = 0; row < count; row++) {
      const line = lines[row] ?? '';
      if (line !== (this.#shown[row] ?? '')) update += `\x1b[${row + 1};1H\x1b[K${line}`;
    }
    this.#shown = lines;
    if (update !== '') this.#output.write(update);
  }
}
