import { writeFileAtomic } from '../io/files.js';
import { drawLossCurve, type Point } from './loss-curve-svg.js';
import { isValidation, type Metrics } from './metrics-log.js';

const MOST_POINTS = 300;

/** How the loss curve of a run is drawn. */
export interface LossCurveOptions {
  title: string;
  /** The term of the objective that validations measure. Default: all of it. */
  term?: string | undefined;
  /** See LossCurve. */
  perplexity?: boolean | undefined;
}

/** Draws the metrics of a run as an SVG file. */
export async function writeLossCurve(
  path: string,
  metrics: readonly Metrics[],
  { title, term = '', perplexity }: LossCurveOptions,
): Promise<void> {
  const train: Point[] = [];
  const validation: Point[] = [];
  for (const line of metrics) {
    if (isValidation(line)) validation.push([line.step, line.valLoss]);
    else train.push([line.step, line.terms?.[term] ?? line.trainLoss]);
  }
  const finite = validation.filter(([, loss]) => Number.isFinite(loss));
  const best = finite.reduce<Point | undefined>((a, b) => (a === undefined || b[1] < a[1] ? b : a), undefined);
  const points = { train: thin(train), validation: thin(validation), best };
  await writeFileAtomic(path, drawLossCurve({ title, perplexity, ...points }));
}

/** At most `MOST_POINTS` points, each the mean of its neighbours: the trend stays, the file stays small. */
export function thin(points: readonly Point[], most = MOST_POINTS): Point[] {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return [...points];
  const thinned: Point[] = [];
  for (let begin = 0; begin < points.length; begin += size) {
    const group = points.slice(begin, begin + size);
    thinned.push([mean(group.map(([step]) => step)), mean(group.map(([, loss]) => loss))]);
  }
  return thinned;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
