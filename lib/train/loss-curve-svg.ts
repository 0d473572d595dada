import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { highest, lowest } from '../extremes.js';

/** [step, loss in nats per target] */
export type Point = readonly [step: number, loss: number];

export interface LossCurve {
  title: string;
  train: readonly Point[];
  validation: readonly Point[];
  /** The lowest validation loss, named in the legend. */
  best?: Point | undefined;
  /** An axis of e^loss on the right: what the loss of a language model means. Default true. */
  perplexity?: boolean | undefined;
}

const WIDTH = 800;
const HEIGHT = 440;
const PLOT = { left: 64, right: WIDTH - 72, top: 64, bottom: HEIGHT - 52 };

/** Colours with at least 3:1 contrast on their ground; the lines also differ in width and dots, not in hue alone. */
const STYLE = `
  svg { font: 12px system-ui, sans-serif; } .ground { fill: #ffffff; }
  .title { font-size: 15px; font-weight: 600; } text { fill: #3c3c3a; } .title, .value { fill: #111110; }
  .grid { stroke: #e4e4e0; } .axis { stroke: #8a8a85; }
  .train { stroke: #2a78d6; } .validation { stroke: #c2410c; } .dot { fill: #c2410c; stroke: none; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #1a1a19; } text { fill: #c9c9c4; } .title, .value { fill: #f5f5f2; }
    .grid { stroke: #333331; } .axis { stroke: #85857f; }
    .train { stroke: #5598e7; } .validation { stroke: #f0884a; } .dot { fill: #f0884a; }
  }
`;

/** The same points give the same bytes. Light or dark as the reader's system is set. */
export function drawLossCurve({ title, train, validation, best, perplexity = true }: LossCurve): string {
  const points = [...train, ...validation].filter(isFinitePoint);
  const x = scaleLinear([0, Math.max(1, highest(points.map(([step]) => step)))], [PLOT.left, PLOT.right]);
  const y = scaleLinear(lossRange(points), [PLOT.bottom, PLOT.top]).nice(6);
  const path = line<Point>(
    ([step]) => round(x(step)),
    ([, loss]) => round(y(loss)),
  ).defined(isFinitePoint);
  const parts = [
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(PLOT.left, 28, title, 'class="title"'),
    legend(best),
    ...x
      .ticks(8)
      .filter(Number.isInteger)
      .map((step) => text(x(step), PLOT.bottom + 18, x.tickFormat(8)(step), 'text-anchor="middle"')),
    ...y
      .ticks(6)
      .map((loss) => gridLine(y(loss), y.tickFormat(6)(loss), perplexity ? formatPerplexity(Math.exp(loss)) : '')),
    rule('axis', PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom),
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 14, 'step', 'text-anchor="middle"'),
    sideLabel(18, 'loss (nats)'),
    perplexity ? sideLabel(WIDTH - 10, 'perplexity') : '',
    `<path class="train" fill="none" stroke-width="1.5" stroke-linejoin="round" d="${path(train) ?? ''}"/>`,
    `<path class="validation" fill="none" stroke-width="2.5" stroke-linejoin="round" d="${path(validation) ?? ''}"/>`,
    ...validation.filter(isFinitePoint).map(([step, loss]) => dot(x(step), y(loss))),
  ];
  const size = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escapeXml(title)}">
<style>${STYLE}</style>
${parts.join('\n')}
</svg>
`;
}

function isFinitePoint([, loss]: Point): boolean {
  return Number.isFinite(loss);
}

function lossRange(points: readonly Point[]): [number, number] {
  if (points.length === 0) return [0, 1];
  const losses = points.map(([, loss]) => loss);
  const low = lowest(losses);
  return [low, Math.max(highest(losses), low + 0.01)];
}

function legend(best: Point | undefined): string {
  const left = PLOT.left;
  const train = [`<path class="train" stroke-width="1.5" d="M${left} 44h20"/>`, text(left + 26, 48, 'train')];
  if (best === undefined) return train.join('\n');
  return [
    ...train,
    `<path class="validation" stroke-width="2.5" d="M${left + 72} 44h20"/>`,
    dot(left + 82, 44),
    text(left + 98, 48, `validation, best ${best[1].toFixed(4)} at step ${best[0]}`),
  ].join('\n');
}

function gridLine(y: number, loss: string, perplexity: string): string {
  return [
    rule('grid', PLOT.left, y, PLOT.right, y),
    text(PLOT.left - 8, y + 4, loss, 'text-anchor="end"'),
    text(PLOT.right + 8, y + 4, perplexity),
  ].join('\n');
}

function formatPerplexity(value: number): string {
  if (value >= 1e6) return value.toExponential(0);
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

/** Along a vertical axis, read from below. */
function sideLabel(x: number, content: string): string {
  const middle = (PLOT.top + PLOT.bottom) / 2;
  return text(x, middle, content, `text-anchor="middle" transform="rotate(-90 ${x} ${middle})"`);
}

function rule(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${kind}" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;
}

function dot(x: number, y: number): string {
  return `<circle class="dot" cx="${round(x)}" cy="${round(y)}" r="3"/>`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escapeXml(content)}</text>`;
}

/** Text as it stands in XML and HTML. */
export function escapeXml(value: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return value.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** Two digits after the point are a hundredth of a pixel: enough, and the same on every machine. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
