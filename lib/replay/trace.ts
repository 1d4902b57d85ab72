import { describeValue } from '../arguments.js';
import { GPUError } from '../errors.js';
import {
  columnOf,
  precedenceOf,
  type RecordedKey,
  readTime,
  type TraceColumn,
} from './trace-cells.js';

/** What one GPU showed, row by row. */
export interface Recording {
  readonly name: string;
  /** When each row begins, from 0 on. */
  readonly startsMs: readonly number[];
  /** The last row holds as long as the median one. */
  readonly periodMs: number;
  /** Undefined in a column: that row has no value. Columns that were not recorded are absent. */
  readonly columns: { readonly [Key in RecordedKey]?: readonly (number | undefined)[] };
}

const maxRows = 1_000_000;
const loneRowMs = 1000;
/** Which column says whose row it is, best first: `index` may be 0 in every row. */
const boardColumns = ['uuid', 'gpu', 'index'] as const;

/**
 * The GPUs of a file that `nvidia-smi --query-gpu --format=csv` wrote, in the order in which they
 * come. Columns that a replay has no use for may hold anything.
 * @throws GPUError ERR_GPU_SCENARIO_INVALID naming file, line, column, what was expected and what
 *   came
 */
export function readTrace(text: string, file: string): readonly Recording[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const header = cellsOf(lines[0] ?? '');
  const columns = header
    .map((title, place) => ({ place, column: columnOf(title) }))
    .filter((found): found is PlacedColumn => found.column !== undefined)
    .sort((a, b) => precedenceOf(a.column) - precedenceOf(b.column));
  const timePlace = header.indexOf('timestamp');
  if (timePlace < 0) throw invalid(`${file}:1`, 'a column timestamp', lines[0] ?? '');
  if (columns.length === 0) {
    throw invalid(`${file}:1`, 'a column such as utilization.gpu or power.draw', lines[0] ?? '');
  }
  if (lines.length < 2 || lines.length > maxRows + 1) {
    throw invalid(file, `1 to ${maxRows} rows`, lines.length - 1);
  }
  const boardPlace = header.indexOf(boardColumns.find((name) => header.includes(name)) ?? '');
  const boards = new Map<string, TraceRows>();
  lines.slice(1).forEach((line, row) => {
    const where = `${file}:${row + 2}`;
    const cells = cellsOf(line);
    if (cells.length !== header.length) {
      throw invalid(where, `${header.length} cells, as the header has`, line);
    }
    const board = cells[boardPlace] ?? '';
    const rows = boards.get(board) ?? new TraceRows();
    boards.set(board, rows);
    rows.add(cells, { where, timePlace, columns });
  });
  const name = (board: string) => (boards.size === 1 ? file : `${file}#${board}`);
  return [...boards].map(([board, rows]) => rows.recording(name(board)));
}

interface PlacedColumn {
  readonly place: number;
  readonly column: TraceColumn;
}

interface RowForm {
  readonly where: string;
  readonly timePlace: number;
  readonly columns: readonly PlacedColumn[];
}

/** The rows of one board so far. */
class TraceRows {
  readonly #timesMs: number[] = [];
  readonly #columns = new Map<RecordedKey, (number | undefined)[]>();

  add(cells: readonly string[], { where, timePlace, columns }: RowForm): void {
    const time = cells[timePlace] ?? '';
    const timeMs = readTime(time);
    const previousMs = this.#timesMs.at(-1) ?? -Infinity;
    if (timeMs === undefined || timeMs < previousMs) {
      throw invalid(`${where}: timestamp`, 'a time not before the row above', time);
    }
    const row = this.#timesMs.push(timeMs) - 1;
    for (const { place, column } of columns) {
      const cell = cells[place] ?? '';
      const value = column.read(cell);
      if (value === 'wrong') throw invalid(`${where}: ${column.name}`, column.expected, cell);
      const kept = this.#columns.get(column.key) ?? [];
      this.#columns.set(column.key, kept);
      if (value !== undefined || kept.length <= row) kept[row] = value;
    }
  }

  recording(name: string): Recording {
    const [firstMs = 0] = this.#timesMs;
    const startsMs = this.#timesMs.map((timeMs) => timeMs - firstMs);
    const steps = startsMs.slice(1).map((start, row) => start - (startsMs[row] ?? 0));
    const median = steps.sort((a, b) => a - b)[steps.length >>> 1] ?? 0;
    const periodMs = (startsMs.at(-1) ?? 0) + (median > 0 ? median : loneRowMs);
    return { name, startsMs, periodMs, columns: Object.fromEntries(this.#columns) };
  }
}

function cellsOf(line: string): readonly string[] {
  return line.split(',').map((cell) => cell.trim());
}

function invalid(where: string, expected: string, got: unknown): GPUError {
  const message = `${where}: expected ${expected}, got ${describeValue(got)}`;
  return new GPUError('ERR_GPU_SCENARIO_INVALID', message);
}
