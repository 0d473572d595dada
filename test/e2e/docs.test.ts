import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledDialogues, type CodeBlock, codeBlocks, compileExample, inputText, root } from './examples.js';

/** Every block of TypeScript in docs/; those of README.md are tested more closely in readme.test.ts. */
const blocks = readdirSync(join(root, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => typeScriptOf(file).map((block, i) => nameBlock(file, i, block)));

/** A page and its translation have the same programs: each runs once. */
const examples = blocks.filter(({ code }, i) => blocks.findIndex((block) => block.code === code) === i);

function typeScriptOf(file: string): CodeBlock[] {
  const blocks = codeBlocks(readFileSync(join(root, 'docs', file), 'utf8'));
  return blocks.filter(({ language }) => language === 'ts');
}

function nameBlock(file: string, index: number, block: CodeBlock) {
  const how = block.noRun === undefined ? 'runs' : `type-checks (not run: ${block.noRun})`;
  return { title: `docs/${file}, block ${index + 1}, ${how}`, name: `${basename(file, '.md')}-${index + 1}`, ...block };
}

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'gptorch-docs-'));
  await writeFile(join(work, 'input.txt'), inputText);
  await writeFile(join(work, 'dialogues.txt'), bundledDialogues());
});
afterAll(() => rm(work, { recursive: true }));

test('blocks are found, with what is said of them', () => {
  const text =
    'a\n```ts\nrun();\n```\n\n<!-- no-run: it takes hours -->\n```ts\nwait();\n```\n```\nplain\n```\n```sh\nls\n```\n';
  expect(codeBlocks(text)).toEqual([
    { language: 'ts', code: 'run();\n' },
    { language: 'ts', code: 'wait();\n', noRun: 'it takes hours' },
    { language: 'sh', code: 'ls\n' },
  ]);
});

test('there are examples', () => {
  expect(examples).not.toEqual([]);
});

test('the Chinese page has the programs of the English one', () => {
  expect(typeScriptOf('chat-zh.zh-CN.md')).toEqual(typeScriptOf('chat-zh.md'));
});

test.each(examples)(
  '$title',
  async ({ name, code, noRun }) => {
    const example = await compileExample(name, code);
    expect(example.problems).toEqual([]);
    if (noRun === undefined) await example.run(work);
  },
  120_000,
);
