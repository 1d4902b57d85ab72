/** What stands where a value is unknown. */
export const unknownText = '-';

const gibibyte = 2 ** 30;

function orUnknown(value: number | undefined, text: (known: number) => string): string {
  return value === undefined ? unknownText : text(value);
}

export function percentText(percent: number | undefined): string {
  return orUnknown(percent, (known) => `${Math.round(known)}%`);
}

export function gibibytesText(bytes: number | undefined): string {
  return orUnknown(bytes, (known) => (known / gibibyte).toFixed(1));
}

export function wholeText(value: number | undefined): string {
  return orUnknown(value, (known) => Math.round(known).toFixed(0));
}

/** `41.2/79.6`; one dash when neither is known. */
export function pairText(first: string, second: string): string {
  return first === unknownText && second === unknownText ? unknownText : `${first}/${second}`;
}

export function countText(count: number, noun: string): string {
  return `${groupDigits(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** 12345 as 12,345, the same on every machine. */
export function groupDigits(value: number): string {
  return Math.round(value)
    .toFixed(0)
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** At most six cells: `12 ms`, `1.2 s`, `45 s`, `12 min`, `30 h`, `9 d`. */
export function durationText(ms: number | undefined): string {
  return orUnknown(ms, (known) => {
    if (known < 999.5) return `${Math.max(0, Math.round(known))} ms`;
    const seconds = known / 1000;
    if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
    if (seconds < 59.5) return `${Math.round(seconds)} s`;
    if (seconds < 3570) return `${Math.round(seconds / 60)} min`;
    if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
    return `${Math.round(seconds / 86_400)} d`;
  });
}

/** Local wall time, `14:03:12`. */
export function clockText(unixMs: number): string {
  return new Date(unixMs).toTimeString().slice(0, 8);
}
