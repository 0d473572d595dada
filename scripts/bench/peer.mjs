import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Failure } from '../bootstrap/failure.mjs';

/**
 * A process that works when told: one JSON line in, one JSON line out. It first says what it runs on, by itself.
 * Between its turns it waits for its standard input.
 */
export class Peer {
  /** Milliseconds, as performance.now() counts. */
  started = performance.now();
  #child;
  #lines;
  #errors = '';
  #ended;

  /**
   * @param {string} name
   * @param {string[]} command
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(name, [program, ...args], env) {
    this.name = name;
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
    this.#child.stdin.on('error', () => {}); // it ended: reported where its answer is awaited
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#errors += error.message;
        resolve();
      });
      this.#child.once('close', resolve);
    });
  }

  /** The next line that the process says. @throws Failure when it ends instead */
  async answer() {
    const { done, value } = await this.#lines.next();
    if (!done) return JSON.parse(value);
    await this.#ended;
    throw new Failure(`${this.name} ended in the middle of the benchmark:\n${this.#errors.trimEnd()}`);
  }

  /** @param {object} task */
  ask(task) {
    this.#child.stdin.write(`${JSON.stringify(task)}\n`);
    return this.answer();
  }

  /** The most memory that it ever had resident, in bytes; null where the system does not tell. */
  peakMemory() {
    if (process.platform !== 'linux') return null;
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'));
    return kilobytes ? Number(kilobytes[1]) * 1024 : null;
  }

  /** Lets it end by itself; kills it where that takes long. */
  async end() {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(timer);
  }
}
