import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../bootstrap/paths.mjs';

/** @typedef {{ title: string, command: string, text: string[], machine: object, settings: object }} Head */

/**
 * Prints what was measured and, where asked, keeps it as docs/benchmarks/NAME.md and NAME.json.
 *
 * @param {string} name
 * @param {{ json?: boolean, save?: boolean }} options
 * @param {object} result what NAME.json holds
 * @param {string} markdown
 */
export async function report(name, { json = false, save = false }, result, markdown) {
  const text = `${JSON.stringify(result, null, 2)}\n`;
  process.stdout.write(json ? text : markdown);
  if (!save) return;
  // Only here, so that a table can be written where there is no addon.
  const { gptorch } = await import('./machine.mjs');
  const folder = join(root, 'docs', 'benchmarks');
  await mkdir(folder, { recursive: true });
  await gptorch.writeFileAtomic(join(folder, `${name}.json`), text);
  await gptorch.writeFileAtomic(join(folder, `${name}.md`), markdown);
}

/** The command that measures the same again. */
export function command() {
  return ['npm run bench --', ...process.argv.slice(2)].join(' ');
}

/** One line that says on what and with what was measured. */
export function describeMachine({ date, cores, processor, instructionSet, torch, node, load }) {
  return `${date}; ${cores} cores (${processor}, ${instructionSet}), libtorch ${torch}, Node ${node}; load before: ${load}`;
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly (string | number)[])[]} rows
 */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** "12.3 (11.9 – 14.0)": the median, and between what it lay. */
export function spread({ min, median, max }, digits = 1) {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} – ${max.toFixed(digits)})`;
}
