import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeBlocks, compileExample, inputText, root } from './examples.js';

const run = promisify(execFile);
const cli = join(root, 'dist', 'cli', 'main.js');
let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'gptorch-readme-'));
  await writeFile(join(work, 'input.txt'), inputText);
  const examples = ['To be', 'not to be'].map((text, i) => JSON.stringify({ text, label: i })).join('\n');
  for (const name of ['train', 'dev']) await writeFile(join(work, `${name}.jsonl`), examples);
});
afterAll(() => rm(work, { recursive: true }));

async function blocks(wanted: string): Promise<string[]> {
  const found = codeBlocks(await readFile(join(root, 'README.md'), 'utf8'));
  return found.filter(({ language }) => language === wanted).map(({ code }) => code);
}

test('the first program type-checks, runs and learns', async () => {
  const [code = ''] = await blocks('ts');
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(36);
  const program = await compileExample('readme', code);
  expect(program.problems).toEqual([]);

  const losses = [...(await program.run(work)).matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(5);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 3);
  expect((await readdir(join(work, 'my-model'))).sort()).toEqual(['config.json', 'model.safetensors']);
});

test('every gptorch command in it runs as it stands, with a shorter training', async () => {
  const lines = (await blocks('sh')).join('').split('\n');
  const commands = lines.filter((line) => line.includes('gptorch ') && !/gptorch (chat|serve|tokenizer)/.test(line));
  expect(commands.length).toBeGreaterThanOrEqual(6);
  for (const line of commands) {
    const command = line.replace('gptorch ', `"${process.execPath}" "${cli}" `);
    const short = line.includes('pretrain') ? ' --set train.steps=3 --set train.warmupSteps=1' : '';
    await run('sh', ['-c', command + short], { cwd: work });
  }
  // The chat needs a model of dialogues; it reads its turns from stdin.
  expect(lines.some((line) => line.includes('gptorch chat --model'))).toBe(true);
});
