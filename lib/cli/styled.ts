import { styleText } from 'node:util';

/** What a piece of text means; `paint` decides how it looks. */
export type Style = 'good' | 'warning' | 'bad' | 'muted' | 'accent' | 'strong' | 'banner';

export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** One line of the terminal, before colours: measured and cut as plain text. */
export type Line = readonly Span[];

export function span(text: string, style?: Style): Span {
  return { text: printable(text), style };
}

/** Control characters would move the cursor: a name from a driver must not. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '?');
}

/** Terminal cells, one for each code point: every glyph used here is one cell wide. */
export function textWidth(text: string): number {
  return [...text].length;
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** Cuts a line to `width` cells; the last one becomes `ellipsis` when something was cut. */
export function clip(line: Line, width: number, ellipsis: string): Line {
  if (lineWidth(line) <= width) return line;
  const kept: Span[] = [];
  let room = Math.max(0, width - textWidth(ellipsis));
  let style: Style | undefined;
  for (const piece of line) {
    const text = [...piece.text].slice(0, room).join('');
    if (text === '') break;
    kept.push({ ...piece, text });
    style = piece.style;
    room -= textWidth(text);
  }
  return [...kept, { text: [...ellipsis].slice(0, width).join(''), style }];
}

/** Exactly `width` cells: cut, or filled up with spaces on the side opposite to `align`. */
export function fit(
  line: Line,
  width: number,
  { align, ellipsis }: { readonly align: 'left' | 'right'; readonly ellipsis: string },
): Line {
  const cut = clip(line, width, ellipsis);
  const missing = width - lineWidth(cut);
  if (missing <= 0) return cut;
  const filler = { text: ' '.repeat(missing) };
  return align === 'right' ? [filler, ...cut] : [...cut, filler];
}

type Format = Parameters<typeof styleText>[0] & string;

const formats: Readonly<Record<Style, readonly Format[]>> = {
  good: ['green'],
  warning: ['yellow'],
  bad: ['red'],
  muted: ['gray'],
  accent: ['cyan'],
  strong: ['bold'],
  banner: ['black', 'bgYellow'],
};

/** Turns a line into text, with escape sequences when `colour`, without trailing spaces else. */
export function paint(line: Line, { colour }: { readonly colour: boolean }): string {
  if (!colour)
    return line
      .map(({ text }) => text)
      .join('')
      .trimEnd();
  return line.map(paintSpan).join('');
}

function paintSpan({ text, style }: Span): string {
  if (style === undefined || text.trim() === '') return text;
  // Node 22 would otherwise look at process.stdout, which need not be where this goes.
  const options = { validateStream: false };
  return formats[style].reduce((inner, format) => styleText(format, inner, options), text);
}
