import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  aloneInFolder,
  CharTokenizer,
  GPT,
  loadSafetensors,
  saveSafetensors,
  tensor,
  writeFileAtomic,
  zeros,
} from '../../lib/index.js';

const script = fileURLToPath(new URL('checkpoints/save.mjs', import.meta.url));
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const MEGABYTE = 1 << 18; // numbers of four bytes

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-fault-'));
  path = join(folder, 'checkpoint.safetensors');
});
afterEach(() => rm(folder, { recursive: true }));

/** The one number that a whole file holds throughout. */
async function savedNumber(file: string, numbers: number): Promise<number> {
  const x = zeros([numbers]);
  await loadSafetensors(file, [['x', x]]);
  const [low, high] = [await x.min().item(), await x.max().item()];
  expect(low).toBe(high);
  x.dispose();
  return low;
}

test('a process killed in the middle of writing leaves the file before, or the new one, whole', async () => {
  const numbers = 8 * MEGABYTE;
  let unfinished = 0;
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [script, path, String(numbers), '1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    for await (const { filename } of watch(folder)) if (filename?.endsWith('.tmp')) break;
    // At a different place of the writing each time.
    await new Promise((resolve) => setTimeout(resolve, 4 * round));
    child.kill('SIGKILL');
    await ended;
    if ((await readdir(folder)).some((name) => name.endsWith('.tmp'))) unfinished++;
    expect(await savedNumber(path, numbers)).toBeGreaterThan(0);
  }
  expect(unfinished).toBeGreaterThan(0);
  await saveSafetensors(path, [['x', tensor([1])]]);
  expect(await readdir(folder)).toEqual(['checkpoint.safetensors']);
});

/** Runs Node in a shell after `limit`. @returns all that it wrote */
function runLimited(limit: string, args: readonly string[]): string {
  const command = `${limit} && exec "$0" "$@"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, ...args], { encoding: 'utf8' });
  return stdout + stderr;
}

function saveLimited(limit: string, file: string, numbers: number): string {
  return runLimited(limit, [script, file, String(numbers), '1']);
}

describe('where the disk is full', () => {
  test('the file before stays good (a limit of the file size)', async () => {
    expect(saveLimited('true', path, MEGABYTE)).toBe('saved 1\n');
    expect(saveLimited('ulimit -f 2048', path, 4 * MEGABYTE)).toBe(
      `ERR_ENGINE: cannot write ${path}: File too large\n`,
    );
    expect(await savedNumber(path, MEGABYTE)).toBe(1);
    expect(await readdir(folder)).toEqual(['checkpoint.safetensors']);
  });

  test('no token file is left that is shorter than it says', async () => {
    const [text, tokens] = [join(folder, 'text'), join(folder, 'tokens')];
    await writeFile(text, 'To be, or not to be. '.repeat(10_000));
    await (await CharTokenizer.fromFiles([text])).save(folder);
    const prepare = [main, 'data', 'prepare', '--data', text, '--tokenizer', folder, '--out', tokens, '--quiet'];
    // The shell ignores the signal for Node, which then hears of the limit by the write that fails.
    expect(runLimited('trap "" XFSZ && ulimit -f 200', prepare)).toBe(
      `gptorch: cannot write ${join(tokens, 'train.bin')}: EFBIG: file too large, write\n`,
    );
    expect(await readdir(folder)).not.toContain('tokens');
  });

  test('the file before stays good (a file system of 4 MB)', async (context) => {
    const mounted = join(folder, 'small');
    await mkdir(mounted);
    const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', mounted]);
    if (status !== 0) context.skip(`a small file system cannot be mounted here: ${String(error ?? stderr).trim()}`);
    try {
      const file = join(mounted, 'model.safetensors');
      await saveSafetensors(file, [['x', zeros([MEGABYTE])]]);
      const full = `cannot write ${file}: No space left on device`;
      await expect(saveSafetensors(file, [['x', zeros([4 * MEGABYTE])]])).rejects.toThrow(full);
      expect(await savedNumber(file, MEGABYTE)).toBe(0);
      const text = join(mounted, 'config.json');
      await expect(writeFileAtomic(text, Buffer.alloc(4 << 20))).rejects.toThrow(/cannot write .*config.json.*ENOSPC/);
      expect(await readdir(mounted)).toEqual(['model.safetensors']);
      // All that is left.
      spawnSync('dd', ['if=/dev/zero', `of=${join(mounted, 'rest')}`, 'bs=4k']);
      const run = join(mounted, 'runs', 'one');
      await expect(aloneInFolder(run, undefined, async () => {})).rejects.toThrow(
        new RegExp(`^cannot write ${run}/run.lock: ENOSPC`),
      );
      expect(await readdir(mounted)).toEqual(['model.safetensors', 'rest']);
    } finally {
      spawnSync('umount', [mounted]);
    }
  });
});

test('where nothing can be written the error names the file and the reason', async () => {
  await writeFile(join(folder, 'file'), 'not a folder');
  const model = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 });
  await expect(saveSafetensors(join(folder, 'file', 'x'), [['x', tensor([1])]])).rejects.toThrow(
    `cannot write ${join(folder, 'file', 'x')}: Not a directory`,
  );
  await expect(model.save(join(folder, 'file'))).rejects.toThrow(`${join(folder, 'file')}: cannot be made`);
  await expect(writeFileAtomic(join(folder, 'none', 'x'), '')).rejects.toThrow(/cannot write .*none.x: ENOENT/);
  // A folder has the file's name: all is written, but it cannot take its place.
  await mkdir(join(folder, 'config.json'));
  await expect(model.save(folder)).rejects.toThrow(/cannot write .*config.json: EISDIR/);
  await mkdir(path);
  await expect(saveSafetensors(path, [['x', tensor([1])]])).rejects.toThrow(`cannot replace ${path}: Is a directory`);
  expect((await readdir(folder)).sort()).toEqual(['checkpoint.safetensors', 'config.json', 'file']);
  model.dispose();
});

test('what ended processes left behind is removed, what others write is not', async () => {
  const { pid } = spawnSync('true');
  const temporaries = {
    ended: `config.json.${hostname()}.${pid}.00000000.tmp`,
    running: `config.json.${hostname()}.${process.ppid}.00000000.tmp`,
    elsewhere: `config.json.other-host.${pid}.00000000.tmp`,
    another: `model.safetensors.${hostname()}.${pid}.00000000.tmp`,
    foreign: 'config.json.tmp',
  };
  for (const name of Object.values(temporaries)) await writeFile(join(folder, name), 'half');
  await writeFileAtomic(join(folder, 'config.json'), 'whole');
  const { ended: _, ...kept } = temporaries;
  expect((await readdir(folder)).sort()).toEqual([...Object.values(kept), 'config.json'].sort());
  expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('whole');
});
