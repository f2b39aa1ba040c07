import { figure } from './table.js';

/** A bar of a chart. */
export type Bar = { readonly label: string; readonly value: number; readonly ours: boolean };
/** A line of a chart: points by size. */
export type Line = {
  readonly label: string;
  readonly ours: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
};

const width = 720;
const style = `<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; } .work { fill: #57606a; font-weight: 600; } .axis { fill: #57606a; font-size: 11px; }
  .ours { fill: #0b6e4f; stroke: #0b6e4f; } .theirs { fill: #8c959f; stroke: #8c959f; }
  polyline { fill: none !important; stroke-width: 2; } .grid { stroke: #d0d7de; stroke-width: 1; }
</style>`;

/** Bars of one work; each group has a scale of its own. */
export type BarGroup = { readonly label: string; readonly bars: readonly Bar[] };

/** Horizontal bars, one for each contender, under the work that they did. */
export function drawBars(title: string, unit: string, groups: readonly BarGroup[]): string {
  const [left, rowHeight, headHeight] = [240, 24, 28];
  let y = 40;
  const parts: string[] = [];
  for (const { label, bars } of groups) {
    parts.push(`<text class="work" x="12" y="${y + 14}">${escape(label)}</text>`);
    y += headHeight;
    const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
    for (const bar of bars) {
      parts.push(drawBar(bar, { unit, left, y, length: Math.max(1, (bar.value / largest) * (width - left - 120)) }));
      y += rowHeight;
    }
  }
  return svg(y + 8, title, parts);
}

function drawBar(
  { label, value, ours }: Bar,
  place: { readonly unit: string; readonly left: number; readonly y: number; readonly length: number },
): string {
  const { unit, left, y, length } = place;
  return [
    `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${kind(ours)}" x="${left}" y="${y}" width="${length.toFixed(1)}" height="18"/>`,
    `<text x="${(left + length + 6).toFixed(1)}" y="${y + 14}">${figure(value)} ${escape(unit)}</text>`,
  ].join('\n');
}

/** Lines over sizes; both axes are logarithmic, since sizes and costs span many orders. */
export function drawLines(title: string, unit: string, lines: readonly Line[]): string {
  const [left, right, top, height] = [70, 160, 40, 340];
  const points = lines.flatMap((line) => line.points);
  const [fromX, toX] = decades(points.map(({ x }) => x));
  const [fromY, toY] = decades(points.map(({ y }) => y));
  const placeX = (x: number): number => left + ((Math.log10(x) - fromX) / (toX - fromX)) * (width - left - right);
  const placeY = (y: number): number => height - 40 - ((Math.log10(y) - fromY) / (toY - fromY)) * (height - 40 - top);
  const marks = [
    ...range(fromX, toX).map((power) => {
      const x = placeX(10 ** power).toFixed(1);
      return `<text class="axis" x="${x}" y="${height - 20}" text-anchor="middle">${(10 ** power).toLocaleString('en')}</text>`;
    }),
    ...range(fromY, toY).map((power) => {
      const y = placeY(10 ** power).toFixed(1);
      return (
        `<line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/>` +
        `<text class="axis" x="${left - 6}" y="${y}" text-anchor="end">${figure(10 ** power)} ${escape(unit)}</text>`
      );
    }),
  ];
  const drawn = lines.map(({ label, ours, points: own }) => {
    const places = own.map(({ x, y }) => [placeX(x).toFixed(1), placeY(y).toFixed(1)] as const);
    const [endX = '0', endY = '0'] = places.at(-1) ?? [];
    return (
      `<polyline class="${kind(ours)}" points="${places.map((place) => place.join(',')).join(' ')}"/>` +
      places.map(([x, y]) => `<circle class="${kind(ours)}" cx="${x}" cy="${y}" r="3"/>`).join('') +
      `<text x="${Number(endX) + 8}" y="${Number(endY) + 4}">${escape(label)}</text>`
    );
  });
  return svg(height, title, [...marks, ...drawn]);
}

function svg(height: number, title: string, parts: readonly string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">`;
  const ground = `<rect width="${width}" height="${height}" fill="#ffffff"/>`;
  return [
    open,
    style,
    ground,
    `<text class="title" x="12" y="22">${escape(title)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** Whole powers of ten around some figures. */
function decades(figures: readonly number[]): readonly [number, number] {
  const from = Math.floor(Math.log10(Math.min(...figures)));
  return [from, Math.max(from + 1, Math.ceil(Math.log10(Math.max(...figures))))];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function kind(ours: boolean): string {
  return ours ? 'ours' : 'theirs';
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
