import type { ErrorCode } from '../errors.js';
import { clockEventReasonNames } from '../telemetry/clock-events.js';
import {
  durationText,
  gibibytesText,
  pairText,
  percentText,
  unknownText,
  wholeText,
} from './format.js';
import { bar, type Glyphs, sparkline } from './glyphs.js';
import { foldMinute } from './load-history.js';
import { type Line, printable, type Style, span } from './styled.js';
import { type Column, widestWithin } from './table.js';
import type { DeviceRow } from './view.js';

interface ColumnSettings {
  readonly glyphs: Glyphs;
  readonly periodMs: number;
  /** Where the history ends; absent where one reading is shown and there is none. */
  readonly historyUntilMs?: number | undefined;
}

/** The table of devices. Widths follow from the rows, so that no number is ever cut. */
export function deviceColumns(
  rows: readonly DeviceRow[],
  settings: ColumnSettings,
): readonly Column<DeviceRow>[] {
  const { glyphs, historyUntilMs } = settings;
  return [
    textColumn(rows, { title: '#', priority: 0, text: indexText }),
    nameColumn(rows),
    utilizationColumn(glyphs),
    ...(historyUntilMs === undefined ? [] : [historyColumn(glyphs, historyUntilMs)]),
    memoryBarColumn(glyphs),
    textColumn(rows, {
      title: 'MEMORY GiB',
      priority: 2,
      text: memoryText,
      reserve: fullMemoryText,
      style: memoryStyle,
    }),
    textColumn(rows, { title: 'POWER W', priority: 5, text: powerText, style: powerStyle }),
    textColumn(rows, {
      title: 'TEMP',
      priority: 4,
      text: (row) => temperatureText(row, glyphs),
      style: temperatureStyle,
    }),
    textColumn(rows, { title: 'SM/MEM MHz', priority: 9, text: clocksText }),
    eventsColumn(rows),
    textColumn(rows, {
      title: 'AGE',
      priority: 6,
      minimum: 6,
      text: (row) => durationText(row.metrics?.ageMs),
      style: (row) => ageStyle(row, settings.periodMs),
    }),
  ];
}

interface TextColumn {
  readonly title: string;
  readonly priority: number;
  readonly minimum?: number;
  readonly text: (row: DeviceRow) => string;
  /** The widest that `text` is likely to become: room for it keeps the columns from jumping. */
  readonly reserve?: (row: DeviceRow) => string;
  readonly style?: (row: DeviceRow) => Style | undefined;
}

/** A right-aligned column as wide as its widest text. */
function textColumn(rows: readonly DeviceRow[], given: TextColumn): Column<DeviceRow> {
  const { title, priority, text, style } = given;
  const minimum = Math.max(title.length, given.minimum ?? 0);
  const texts = [...rows.map(text), ...(given.reserve ? rows.map(given.reserve) : [])];
  const width = widestWithin(texts, { minimum, maximum: 24 });
  const cell = (row: DeviceRow) => {
    const shown = text(row);
    return [span(shown, shown === unknownText ? 'muted' : style?.(row))];
  };
  return { title, priority, minWidth: width, maxWidth: width, align: 'right', cell };
}

function indexText({ device }: DeviceRow): string {
  return String(device.index);
}

function nameColumn(rows: readonly DeviceRow[]): Column<DeviceRow> {
  const names = rows.map(shortName);
  return {
    title: 'NAME',
    minWidth: widestWithin(names, { minimum: 4, maximum: 14 }),
    maxWidth: widestWithin(names, { minimum: 4, maximum: 32 }),
    priority: 3,
    align: 'left',
    growsFirst: true,
    cell: (row) => [span(shortName(row), 'strong')],
  };
}

/** Every live device is NVIDIA's: the word says nothing and costs seven cells. */
function shortName({ device }: DeviceRow): string {
  return printable(device.name).replace(/^NVIDIA (?=\S)/, '');
}

function utilizationColumn(glyphs: Glyphs): Column<DeviceRow> {
  return {
    title: 'UTIL',
    minWidth: 10,
    maxWidth: 20,
    priority: 1,
    align: 'left',
    cell: ({ metrics }, width) => {
      const percent = metrics?.computeUtilizationPercent;
      const fraction = percent === undefined ? undefined : percent / 100;
      const style = fraction === undefined ? 'muted' : loadStyle(fraction);
      const text = ` ${percentText(percent).padStart(4)}`;
      return [...bar(fraction, width - text.length, { glyphs, style }), span(text, style)];
    },
  };
}

/** The last minute, whatever the width and the period. */
function historyColumn(glyphs: Glyphs, unixMs: number): Column<DeviceRow> {
  return {
    title: 'HISTORY',
    minWidth: 10,
    maxWidth: 30,
    priority: 7,
    align: 'left',
    cell: ({ utilizationPercents }, width) => {
      const shown = foldMinute(utilizationPercents, { width, unixMs });
      return [{ text: sparkline(shown, glyphs).padStart(width), style: 'accent' }];
    },
  };
}

function memoryBarColumn(glyphs: Glyphs): Column<DeviceRow> {
  return {
    title: '',
    minWidth: 6,
    maxWidth: 14,
    priority: 10,
    align: 'left',
    cell: (row, width) => {
      const fraction = memoryFraction(row);
      return bar(fraction, width, { glyphs, style: memoryStyle(row) ?? 'muted' });
    },
  };
}

function memoryTotalBytes({ device, metrics }: DeviceRow): number | undefined {
  return metrics?.memoryTotalBytes ?? (device.memoryBytes > 0 ? device.memoryBytes : undefined);
}

function memoryText(row: DeviceRow): string {
  const used = gibibytesText(row.metrics?.memoryUsedBytes);
  return pairText(used, gibibytesText(memoryTotalBytes(row)));
}

function fullMemoryText(row: DeviceRow): string {
  const total = gibibytesText(memoryTotalBytes(row));
  return pairText(total, total);
}

function memoryFraction({ metrics }: DeviceRow): number | undefined {
  return fractionOf(metrics?.memoryUsedBytes, metrics?.memoryTotalBytes);
}

function memoryStyle(row: DeviceRow): Style | undefined {
  const fraction = memoryFraction(row);
  return fraction === undefined ? undefined : loadStyle(fraction);
}

function powerText({ device, metrics }: DeviceRow): string {
  const limit = metrics?.powerLimitWatts ?? device.powerLimitDefaultWatts;
  return pairText(wholeText(metrics?.powerWatts), wholeText(limit));
}

function powerStyle({ metrics }: DeviceRow): Style | undefined {
  const fraction = fractionOf(metrics?.powerWatts, metrics?.powerLimitWatts);
  return fraction === undefined ? undefined : loadStyle(fraction);
}

function temperatureText({ metrics }: DeviceRow, glyphs: Glyphs): string {
  const text = wholeText(metrics?.temperatureCelsius);
  return text === unknownText ? text : `${text}${glyphs.degree.trim()}C`;
}

/** Boards of today slow themselves down at 83 to 93 °C. */
function temperatureStyle({ metrics }: DeviceRow): Style | undefined {
  const celsius = metrics?.temperatureCelsius;
  if (celsius === undefined) return undefined;
  if (celsius >= 83) return 'bad';
  return celsius >= 70 ? 'warning' : 'good';
}

function clocksText({ metrics }: DeviceRow): string {
  return pairText(wholeText(metrics?.clockRateMhz), wholeText(metrics?.memoryClockMhz));
}

/** Selection takes no sample older than five periods: from there on it is red. */
function ageStyle({ metrics }: DeviceRow, periodMs: number): Style {
  const periods = (metrics?.ageMs ?? 0) / periodMs;
  if (periods > 5) return 'bad';
  return periods > 2.5 ? 'warning' : 'muted';
}

function fractionOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : part / whole;
}

function loadStyle(fraction: number): Style {
  if (fraction >= 0.9) return 'bad';
  return fraction >= 0.7 ? 'warning' : 'good';
}

/** Short words for the reasons, gravest first; the public names are too long for a table. */
const reasonLabels: ReadonlyMap<string, readonly [label: string, style: Style]> = new Map([
  ['hw_thermal_slowdown', ['hw thermal', 'bad']],
  ['hw_power_brake_slowdown', ['power brake', 'bad']],
  ['hw_slowdown', ['hw slowdown', 'bad']],
  ['sw_thermal_slowdown', ['thermal', 'warning']],
  ['sw_power_cap', ['power cap', 'warning']],
  ['applications_clocks_setting', ['app clocks', 'muted']],
  ['sync_boost', ['sync boost', 'muted']],
  ['display_clock_setting', ['display', 'muted']],
  ['gpu_idle', ['idle', 'muted']],
]);

/** Any one reason has room, so that its coming and going moves no other column. */
const reservedEvents = 11;

function eventsColumn(rows: readonly DeviceRow[]): Column<DeviceRow> {
  const lengths = rows.map((row) =>
    eventsLine(row)
      .map(({ text }) => text)
      .join(''),
  );
  return {
    title: 'EVENTS',
    minWidth: widestWithin(lengths, { minimum: reservedEvents, maximum: 18 }),
    maxWidth: widestWithin(lengths, { minimum: reservedEvents, maximum: 24 }),
    // A failure must be seen in a narrow window too.
    priority: rows.some(({ failure }) => failure !== undefined) ? 1 : 8,
    align: 'left',
    cell: eventsLine,
  };
}

function eventsLine({ failure, metrics }: DeviceRow): Line {
  if (failure !== undefined) return [span(failureLabel(failure), 'bad')];
  const bits = metrics?.clockEventReasons;
  if (bits === undefined) return [{ text: unknownText, style: 'muted' }];
  const names = clockEventReasonNames(bits);
  const known = [...reasonLabels].filter(([name]) => names.includes(name));
  const unknown = names.filter((name) => !reasonLabels.has(name));
  return [
    ...known.map(([, [label, style]]) => ({ text: label, style })),
    ...unknown.map((name) => ({ text: name, style: 'warning' as const })),
  ].flatMap((piece, place) => (place === 0 ? [piece] : [{ text: ', ' }, piece]));
}

/** `ERR_GPU_DEVICE_LOST` as `lost`, `ERR_GPU_NO_PERMISSION` as `no permission`. */
function failureLabel(code: ErrorCode): string {
  const words = code.replace(/^ERR_GPU_(DEVICE_)?/, '');
  return words.toLowerCase().replaceAll('_', ' ');
}
