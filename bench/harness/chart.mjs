// Bars as SVG, on a logarithmic scale: what is drawn differs by orders of magnitude. Pure.
import { withUnit } from './report.mjs';

const width = 860;
const left = 330; // names stand before it
const right = 150; // values and ratios stand after the longest bar
const rowHeight = 26;
const titleHeight = 38;
const padding = 16;

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .quiet { fill: #59636e; font-size: 11px }
  .back { fill: #ffffff; stroke: #d1d9e0 }
  .grid { stroke: #d1d9e0 }
  .bar { fill: #8c959f }
  .ours { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .quiet { fill: #9198a1 }
    .back { fill: #0d1117; stroke: #3d444d }
    .grid { stroke: #3d444d }
    .bar { fill: #656c76 }
    .ours { fill: #3fb950 }
  }`;

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`);

const rounded = (number) => Number(number.toFixed(1));

/** From a power of ten below all values to the greatest of them. */
function scaleOf(values) {
  const first = Math.floor(Math.log10(Math.min(...values)) - 0.01);
  const last = Math.log10(Math.max(...values));
  const place = (value) =>
    rounded(left + ((Math.log10(value) - first) / (last - first)) * (width - left - right));
  const decades = [];
  for (let power = first; power <= last; power++) decades.push(10 ** power);
  return { place, decades };
}

function barOf({ name, value, unit, ratio }, place, { top, isOurs }) {
  const end = place(value);
  const times = isOurs ? '' : `, ${withUnit(ratio, 'x')}`;
  const line = top + rowHeight / 2 + 4;
  return [
    `<text x="${left - 10}" y="${line}" text-anchor="end">${escaped(name)}</text>`,
    `<rect class="${isOurs ? 'ours' : 'bar'}" x="${left}" y="${top + 4}" ` +
      `width="${rounded(end - left)}" height="${rowHeight - 8}" rx="2"/>`,
    `<text x="${end + 8}" y="${line}">${escaped(withUnit(value, unit) + times)}</text>`,
  ];
}

/** A group of bars; the first is ours, the others are so many times it. */
function groupOf({ title, bars }, top) {
  const { place, decades } = scaleOf(bars.map(({ value }) => value));
  const bottom = top + titleHeight + bars.length * rowHeight;
  const lines = decades.flatMap((value) => {
    const x = place(value);
    return [
      `<line class="grid" x1="${x}" y1="${top + titleHeight}" x2="${x}" y2="${bottom}"/>`,
      `<text class="quiet" x="${x}" y="${bottom + 14}" text-anchor="middle">` +
        `${escaped(withUnit(value, bars[0].unit))}</text>`,
    ];
  });
  const rows = bars.flatMap((bar, row) =>
    barOf(bar, place, { top: top + titleHeight + row * rowHeight, isOurs: row === 0 }),
  );
  const heading = `<text class="title" x="${padding}" y="${top + 24}">${escaped(title)}</text>`;
  return { lines: [heading, ...lines, ...rows], bottom: bottom + 24 };
}

export function chartSvg(charts) {
  let bottom = padding / 2;
  const lines = charts.flatMap((chart) => {
    const group = groupOf(chart, bottom);
    bottom = group.bottom;
    return group.lines;
  });
  const height = bottom + padding / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" ` +
      `aria-label="${escaped(charts.map(({ title }) => title).join('; '))}">`,
    `<style>${style}\n</style>`,
    `<rect class="back" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}
