import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist', 'cli', 'main.js');
/** Inside the package, so that `import … from 'gptorch'` means this checkout. */
const programs = join(root, 'build', 'readme');
let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'gptorch-readme-'));
  const verse = 'ROMEO: To be the cat, or not to be; it sat on the mat, and the dog sat on the log. ';
  await writeFile(join(work, 'input.txt'), verse.repeat(60));
  await mkdir(programs, { recursive: true });
});
afterAll(() => rm(work, { recursive: true }));

async function blocks(language: string): Promise<string[]> {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  return [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].flatMap(([, found, code]) =>
    found === language && code !== undefined ? [code] : [],
  );
}

test('the first program type-checks, runs and learns', async () => {
  const [code = ''] = await blocks('ts');
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(36);
  const source = join(programs, 'first-program.ts');
  await writeFile(source, code);
  const options: ts.CompilerOptions = {
    ...{ target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext },
    ...{ moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true, skipLibCheck: true, types: ['node'] },
  };
  const program = ts.createProgram([source], options);
  const problems = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);

  const { stdout } = await run(process.execPath, [join(programs, 'first-program.js')], { cwd: work });
  const losses = [...stdout.matchAll(/loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(5);
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 3);
  expect((await readdir(join(work, 'my-model'))).sort()).toEqual(['config.json', 'model.safetensors']);
});

test('every gptorch command in it runs as it stands, with a shorter training', async () => {
  const lines = (await blocks('sh')).join('').split('\n');
  const commands = lines.filter((line) => line.includes('gptorch ') && !line.includes('gptorch chat'));
  expect(commands.length).toBeGreaterThanOrEqual(3);
  for (const line of commands) {
    const command = line.replace('gptorch ', `"${process.execPath}" "${cli}" `);
    const short = line.includes('pretrain') ? ' --set train.steps=3 --set train.warmupSteps=1' : '';
    await run('sh', ['-c', command + short], { cwd: work });
  }
  // The chat needs a model of dialogues; it reads its turns from stdin.
  expect(lines.some((line) => line.includes('gptorch chat --model'))).toBe(true);
});
