import type { Line, Style } from './styled.js';

/** The characters that pictures are made of. */
export interface Glyphs {
  readonly full: string;
  /** The cell that is half bar and half track; '' where there is none. */
  readonly half: string;
  readonly track: string;
  /** Eight heights, lowest first. */
  readonly levels: readonly string[];
  readonly ellipsis: string;
  readonly degree: string;
}

const unicodeGlyphs: Glyphs = {
  full: '━',
  half: '╾',
  track: '─',
  levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  ellipsis: '…',
  degree: '°',
};

const asciiGlyphs: Glyphs = {
  full: '#',
  half: '',
  track: '.',
  levels: ['_', '.', '-', ':', '=', '+', '*', '#'],
  ellipsis: '~',
  degree: ' ',
};

export function glyphsFor({ unicode }: { readonly unicode: boolean }): Glyphs {
  return unicode ? unicodeGlyphs : asciiGlyphs;
}

/** A bar of `width` cells. An unknown fraction leaves it blank: an empty track would say 0. */
export function bar(
  fraction: number | undefined,
  width: number,
  { glyphs, style }: { readonly glyphs: Glyphs; readonly style: Style },
): Line {
  if (fraction === undefined) return [{ text: ' '.repeat(width) }];
  const halves = Math.round(Math.min(1, Math.max(0, fraction)) * width * 2);
  const half = halves % 2 === 1 ? glyphs.half : '';
  const filled = glyphs.full.repeat(Math.floor(halves / 2)) + half;
  return [
    { text: filled, style },
    { text: glyphs.track.repeat(width - [...filled].length), style: 'muted' },
  ];
}

/** Percentages as heights. An unknown one is a gap; a known 0 is the lowest height. */
export function sparkline(percents: readonly (number | undefined)[], glyphs: Glyphs): string {
  const top = glyphs.levels.length - 1;
  return percents
    .map((percent) => {
      if (percent === undefined) return ' ';
      const level = Math.round((Math.min(100, Math.max(0, percent)) / 100) * top);
      return glyphs.levels[level] ?? ' ';
    })
    .join('');
}
