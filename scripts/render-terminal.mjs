// node scripts/render-terminal.mjs <captured.ansi >scripts/top.svg
//
// Draws what a terminal showed as an SVG: text with colours (SGR escape sequences) in, for instance
// from `tmux capture-pane -e -p`. Nothing is added: the window has no title and no made-up line.
import { readFileSync } from 'node:fs';

const cell = { width: 8.4, height: 18, baseline: 13.5 };
const margin = 14;
const background = '#0f1419';
const foreground = '#d8dee6';
const palette = [
  '#0f1419',
  '#f2777a',
  '#7fd88f',
  '#f2c55c',
  '#6fb3ff',
  '#c792ea',
  '#5ccfe6',
  '#d8dee6',
];
const brightPalette = ['#6b7684', ...palette.slice(1)];

const plain = { colour: undefined, fill: undefined, bold: false, dim: false, inverse: false };

/** What one SGR code changes; colours of the 256 and the true-colour sets are not used here. */
function changeOf(code) {
  if (code === 0) return plain;
  if (code === 1) return { bold: true };
  if (code === 2) return { dim: true };
  if (code === 7) return { inverse: true };
  if (code === 22) return { bold: false, dim: false };
  if (code === 27) return { inverse: false };
  if (code >= 30 && code <= 37) return { colour: palette[code - 30] };
  if (code >= 90 && code <= 97) return { colour: brightPalette[code - 90] };
  if (code === 39) return { colour: undefined };
  if (code >= 40 && code <= 47) return { fill: palette[code - 40] };
  if (code === 49) return { fill: undefined };
  throw new Error(`expected a colour of the basic set, got SGR ${code}`);
}

/** Runs of one style: { column, text, style }. A style may reach over the end of a line. */
function parse(text) {
  let style = plain;
  return text.split('\n').map((line) => {
    const runs = [];
    let column = 0;
    // Every part but the first begins with the parameters of the sequence before it.
    for (const [place, part] of line.split('\x1b[').entries()) {
      const [, codes, rest] = place === 0 ? [part, '', part] : /^([\d;]*)m(.*)$/s.exec(part);
      if (place > 0)
        style = Object.assign(
          { ...style },
          ...codes.split(';').map((code) => changeOf(Number(code))),
        );
      if (rest === '') continue;
      runs.push({ column, text: rest, style });
      column += [...rest].length;
    }
    return runs;
  });
}

function escaped(text) {
  return text.replace(/[&<>]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter]);
}

function rectangle({ x, y, width, height, fill }) {
  const at = [x, y, width, height].map((value) => Number(value.toFixed(2)));
  return `<rect x="${at[0]}" y="${at[1]}" width="${at[2]}" height="${at[3]}" fill="${fill}"/>`;
}

/** Glyphs that must meet their neighbours, as parts of a cell: x, y, width, height from 0 to 1. */
const shapes = new Map([
  ['━', [[0, 0.36, 1, 0.3]]],
  [
    '╾',
    [
      [0, 0.36, 0.5, 0.3],
      [0.5, 0.47, 0.5, 0.08],
    ],
  ],
  ['─', [[0, 0.47, 1, 0.08]]],
  ...[...'▁▂▃▄▅▆▇█'].map((block, place) => {
    const height = (0.8 * (place + 1)) / 8;
    return [block, [[0.06, 0.92 - height, 0.88, height]]];
  }),
]);

/** A bar's stretch, a single shape, or words with single spaces between them. */
const pieces = /━+|─+|[╾▁▂▃▄▅▆▇█]|[^\s━─╾▁▂▃▄▅▆▇█]+(?: [^\s━─╾▁▂▃▄▅▆▇█]+)*/gu;

function drawRun({ column, text, style }, row) {
  const y = margin + row * cell.height;
  const left = margin + column * cell.width;
  const [colour, fill] = style.inverse
    ? [style.fill ?? background, style.colour ?? foreground]
    : [style.colour ?? foreground, style.fill];
  const width = [...text].length * cell.width;
  const behind = { x: left, y, width, height: cell.height, fill };
  const drawn = [...text.matchAll(pieces)].map(({ 0: piece, index }) => {
    const x = left + [...text.slice(0, index)].length * cell.width;
    return drawPiece([...piece], { x, y, colour, style });
  });
  return fill === undefined ? drawn : [rectangle(behind), ...drawn];
}

function drawPiece(letters, { x, y, colour, style }) {
  const shape = shapes.get(letters[0]);
  if (shape !== undefined) {
    const boxes = shape.map(([dx, dy, dw, dh]) =>
      rectangle({
        x: x + dx * cell.width,
        y: y + dy * cell.height,
        width: (letters.length - 1 + dw) * cell.width,
        height: dh * cell.height,
        fill: colour,
      }),
    );
    return boxes.join('');
  }
  const weight = style.bold ? ' font-weight="bold"' : '';
  const opacity = style.dim ? ' opacity="0.6"' : '';
  const at = `x="${x.toFixed(1)}" y="${(y + cell.baseline).toFixed(1)}"`;
  const length = `textLength="${(letters.length * cell.width).toFixed(1)}"`;
  const look = `fill="${colour}"${weight}${opacity}`;
  const text = escaped(letters.join(''));
  return `<text ${at} ${length} lengthAdjust="spacingAndGlyphs" ${look}>${text}</text>`;
}

function render(text) {
  const lines = parse(text.replace(/\s+$/, ''));
  const ends = lines.flatMap((runs) => runs.map((run) => run.column + [...run.text].length));
  const width = Math.ceil(2 * margin + Math.max(0, ...ends) * cell.width);
  const height = Math.ceil(2 * margin + lines.length * cell.height);
  const size = `width="${width}" height="${height}"`;
  const font = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${size}`,
    `  font-family='${font}' font-size="14">`,
    `<rect ${size} rx="8" fill="${background}"/>`,
    ...lines.flatMap((runs, row) => runs.flatMap((run) => drawRun(run, row))),
    '</svg>',
    '',
  ].join('\n');
}

process.stdout.write(render(readFileSync(0, 'utf8')));
