// One line for each step, on stderr: what it does while it runs (a terminal only), what it did and how long it took after.
const terminal = process.stderr.isTTY === true;
const quietSeconds = 15;

/** @param {string} line */
export function write(line) {
  process.stderr.write(`${line}\n`);
}

/** @param {number} since performance.now() of the start */
export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/**
 * Runs a step and prints its line.
 *
 * @template T
 * @param {string} name
 * @param {string} doing what it does: "compiling lib/"
 * @param {(report: (detail: string) => void) => Promise<T>} work `report` shows how far it is
 * @returns {Promise<T>}
 */
export async function step(name, doing, work) {
  const started = performance.now();
  let detail = '';
  let printed = started;
  const show = () => {
    const line = `${name}: ${doing} … ${seconds(started)}${detail && `  ${detail}`}`;
    if (terminal) {
      process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
    } else if (performance.now() - printed > quietSeconds * 1000) {
      printed = performance.now();
      write(line);
    }
  };
  const timer = setInterval(show, terminal ? 200 : 1000);
  if (terminal) show();
  try {
    const result = await work((text) => {
      detail = text;
    });
    clear();
    write(`${name}: ${doing} (${seconds(started)})`);
    return result;
  } catch (error) {
    clear();
    write(`${name}: ${doing}: failed (${seconds(started)})`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function clear() {
  if (terminal) process.stderr.write('\r\x1b[K');
}
