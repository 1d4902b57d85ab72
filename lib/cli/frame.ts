import { deviceColumns } from './device-columns.js';
import {
  clockText,
  countText,
  gibibytesText,
  groupDigits,
  pairText,
  percentText,
  unknownText,
  wholeText,
} from './format.js';
import type { Glyphs } from './glyphs.js';
import { clip, type Line, lineWidth, type Span, span } from './styled.js';
import { tableLines } from './table.js';
import { type ClusterView, type DeviceRow, type SortKey, sortRows } from './view.js';

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

export interface TopState {
  readonly sort: SortKey;
  readonly paused: boolean;
  readonly help: boolean;
}

const keyLine = 'q quit   s sort   p pause   ? help';
const helpLine = 'q, Esc, Ctrl-C quit   s next sort order   p, space pause and go on   ? close';

/** The picture of `top` in a terminal: never wider or higher than `size`. */
export function liveFrame(
  view: ClusterView,
  state: TopState,
  { size, glyphs }: { readonly size: FrameSize; readonly glyphs: Glyphs },
): readonly Line[] {
  const { columns, rows } = size;
  const table = deviceTable(sortRows(view.rows, state.sort), view, {
    columns,
    glyphs,
    history: true,
  });
  const above = [...simulationLines(view), headerLine(view, state, columns)];
  const below = [clusterLine(view, columns), keysLine(state)];
  const room = rows - above.length - below.length;
  const blank: readonly Line[] = room >= table.length + 2 ? [[]] : [];
  const lines = [...above, ...blank, ...cutRows(table, room), ...blank, ...below];
  return lines.slice(0, rows).map((line) => clip(line, columns, glyphs.ellipsis));
}

/** The same without keys and without an end in height: for a pipe, a log, one reading. */
export function plainFrame(
  view: ClusterView,
  {
    columns,
    glyphs,
    history,
  }: { readonly columns: number; readonly glyphs: Glyphs; readonly history: boolean },
): readonly Line[] {
  const rows = sortRows(view.rows, 'index');
  const lines = [
    ...simulationLines(view),
    headerLine(view, undefined, columns),
    ...deviceTable(rows, view, { columns, glyphs, history }),
    clusterLine(view, columns),
  ];
  return lines.map((line) => clip(line, columns, glyphs.ellipsis));
}

function deviceTable(
  rows: readonly DeviceRow[],
  view: ClusterView,
  {
    columns,
    glyphs,
    history,
  }: { readonly columns: number; readonly glyphs: Glyphs; readonly history: boolean },
): readonly Line[] {
  const { periodMs } = view.status;
  const historyUntilMs = history ? view.unixMs : undefined;
  const table = deviceColumns(rows, { glyphs, periodMs, historyUntilMs });
  return tableLines(table, rows, { width: columns, ellipsis: glyphs.ellipsis });
}

/** A simulator must be told from a GPU at a glance, whatever else is shown. */
export function simulationLines({ status }: Pick<ClusterView, 'status'>): readonly Line[] {
  if (!status.simulated) return [];
  const scenario = status.simulation?.scenario;
  const which = scenario === undefined ? '' : ` scenario ${scenario}`;
  return [[span(`SIMULATED:${which} (no real GPU)`, 'banner')]];
}

function headerLine(view: ClusterView, state: TopState | undefined, columns: number): Line {
  const { status, unixMs } = view;
  const left: Line = [
    span('gpuring', 'strong'),
    span(`   driver ${status.driverVersion === '' ? unknownText : status.driverVersion}`, 'muted'),
    span(`   CUDA ${status.cudaDriverVersion ?? unknownText}`, 'muted'),
    span(`   every ${status.periodMs} ms`, 'muted'),
  ];
  const right: Line = [
    ...(state?.paused === true ? [span('PAUSED', 'banner'), { text: ' ' }] : []),
    span(clockText(unixMs), 'muted'),
  ];
  return spread(left, right, columns);
}

/** `right` ends at the edge; when both do not fit, `left` gives way. */
function spread(left: Line, right: Line, columns: number): Line {
  const room = columns - lineWidth(right) - 2;
  const kept: Span[] = [];
  for (const piece of left) {
    if (lineWidth([...kept, piece]) > room) break;
    kept.push(piece);
  }
  const filler = Math.max(0, columns - lineWidth(kept) - lineWidth(right));
  return [...kept, { text: ' '.repeat(filler) }, ...right];
}

/** The table in at most `room` lines, but at least its heading and one more. */
function cutRows(table: readonly Line[], room: number): readonly Line[] {
  if (table.length <= room) return table;
  const shown = table.slice(0, Math.max(1, room - 1));
  const hidden = countText(table.length - shown.length, 'more device');
  return [...shown, [span(`${hidden}: enlarge the window`, 'warning')]];
}

/**
 * Totals over the devices that answer, with their number where some do not say; the rightmost ones
 * are left out when it is narrow.
 */
function clusterLine(view: ClusterView, columns: number): Line {
  const { aggregate, rows, status } = view;
  const { deviceCount = 0, memoryDeviceCount = 0, powerDeviceCount = 0 } = aggregate ?? {};
  const known = memoryDeviceCount > 0 ? aggregate : undefined;
  const memory = pairText(
    gibibytesText(known?.usedMemoryBytes),
    gibibytesText(known?.totalMemoryBytes),
  );
  const over = (count: number) =>
    count > 0 && count < rows.length ? ` (${count} of ${rows.length})` : '';
  const pieces = [
    deviceCount < rows.length
      ? span(`${deviceCount} of ${countText(rows.length, 'device')} answering`, 'warning')
      : span(countText(rows.length, 'device'), 'strong'),
    span(`mean ${percentText(aggregate?.averageUtilizationPercent)}`),
    span(`memory ${memory} GiB${over(memoryDeviceCount)}`),
    span(`power ${powerTotalText(aggregate?.totalPowerWatts)} W${over(powerDeviceCount)}`),
    span(
      `${countText(status.missedDeadlines, 'period')} missed of ${groupDigits(status.rounds)}`,
      status.missedDeadlines > 0 ? 'warning' : 'muted',
    ),
  ];
  const line: Span[] = [];
  for (const piece of pieces) {
    const next = line.length === 0 ? [piece] : [...line, { text: '   ' }, piece];
    if (lineWidth(next) > columns) break;
    line.splice(0, line.length, ...next);
  }
  return line;
}

function powerTotalText(watts: number | undefined): string {
  return watts === undefined ? wholeText(watts) : groupDigits(watts);
}

function keysLine(state: TopState): Line {
  if (state.help) return [span(helpLine, 'accent')];
  return [span(keyLine, 'muted'), span(`   sorted by ${state.sort}`, 'muted')];
}
