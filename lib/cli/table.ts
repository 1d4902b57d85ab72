import { clip, fit, type Line, lineWidth, type Span } from './styled.js';

export interface Column<Row> {
  readonly title: string;
  /** Cells without which the column is left out. */
  readonly minWidth: number;
  /** Cells beyond which more room is of no use. */
  readonly maxWidth: number;
  /** The order in which columns get room; the highest number goes first when there is none. */
  readonly priority: number;
  readonly align: 'left' | 'right';
  /** Text that should be whole before pictures take room to spare. */
  readonly growsFirst?: true;
  cell(row: Row, width: number): Line;
}

export interface PlacedColumn<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

const gap = '  ';

/** Chooses the columns that fit into `width`, then lets them grow evenly into what is left. */
export function placeColumns<Row>(
  columns: readonly Column<Row>[],
  width: number,
): readonly PlacedColumn<Row>[] {
  const byPriority = columns.toSorted((a, b) => a.priority - b.priority);
  const widths = new Map<Column<Row>, number>();
  let left = width + gap.length;
  for (const column of byPriority) {
    const needed = column.minWidth + gap.length;
    if (needed > left) continue;
    widths.set(column, column.minWidth);
    left -= needed;
  }
  const first = byPriority.filter(({ growsFirst }) => growsFirst === true);
  left -= grow(first, widths, left);
  grow(byPriority, widths, left);
  return columns.flatMap((column) => {
    const placed = widths.get(column);
    return placed === undefined ? [] : [{ column, width: placed }];
  });
}

/** Hands out `room` one cell at a time in turns; returns how many were taken. */
function grow<Row>(
  columns: readonly Column<Row>[],
  widths: Map<Column<Row>, number>,
  room: number,
): number {
  let taken = 0;
  for (let before = -1; before !== taken; ) {
    before = taken;
    for (const column of columns) {
      const width = widths.get(column);
      if (taken >= room || width === undefined || width >= column.maxWidth) continue;
      widths.set(column, width + 1);
      taken++;
    }
  }
  return taken;
}

/** The heading and one line for each row, none wider than `width`. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, ellipsis }: { readonly width: number; readonly ellipsis: string },
): readonly Line[] {
  const placed = placeColumns(columns, width);
  const heading = joinCells(
    placed.map((place) =>
      fit([{ text: place.column.title, style: 'muted' }], place.width, {
        align: place.column.align,
        ellipsis,
      }),
    ),
  );
  const body = rows.map((row) =>
    joinCells(
      placed.map(({ column, width: cells }) =>
        fit(column.cell(row, cells), cells, { align: column.align, ellipsis }),
      ),
    ),
  );
  return [heading, ...body].map((line) => clip(line, width, ellipsis));
}

function joinCells(cells: readonly Line[]): Line {
  return cells.flatMap((cell, place): Span[] =>
    place === 0 ? [...cell] : [{ text: gap }, ...cell],
  );
}

/** Width of the widest text, within bounds. */
export function widestWithin(
  texts: readonly string[],
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
): number {
  const widest = texts.reduce((width, text) => Math.max(width, lineWidth([{ text }])), minimum);
  return Math.min(widest, maximum);
}
