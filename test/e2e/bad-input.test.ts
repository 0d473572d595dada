import { existsSync } from 'node:fs';
import { cp, symlink, truncate, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CharTokenizer } from '../../lib/data/index.js';
import { gptorch, makeWorkspace } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let path: (name: string) => string;

beforeAll(async () => {
  workspace = await makeWorkspace();
  path = workspace.path;
  await writeFile(path('empty.txt'), '');
  await writeFile(
    path('latin1.txt'),
    Buffer.from('caf\xe9 and so on, long enough for a window of thirty-two', 'latin1'),
  );
  await writeFile(path('short.txt'), 'too short');
  await writeFile(path('not-json.json'), '{');
  await symlink(path('out'), path('nowhere'));
  const init = await gptorch(['init', '--config', path('tiny.json'), '--vocab-size', '20', '--out', path('model')]);
  expect(init).toMatchObject({ code: 0 });
  await cp(path('model'), path('torn'), { recursive: true });
  await truncate(path('torn/model.safetensors'), 4000);
  await CharTokenizer.fromTexts(['0123456789']).save(path('digits'));
});
afterAll(() => workspace.remove());

interface Wrong {
  name: string;
  config?: string;
  data?: string;
  out?: string;
  more?: string[];
  says: RegExp;
}

const wrong: Wrong[] = [
  { name: 'a missing file', data: 'none.txt', says: /none\.txt/ },
  { name: 'an empty file', data: 'empty.txt', says: /empty\.txt.*empty/ },
  { name: 'a file that is not UTF-8', data: 'latin1.txt', says: /latin1\.txt.*UTF-8/ },
  { name: 'a text shorter than one window', data: 'short.txt', says: /33/ },
  { name: 'a missing configuration', config: 'none.json', says: /none\.json/ },
  { name: 'a configuration that is not JSON', config: 'not-json.json', says: /not-json\.json: not JSON/ },
  { name: 'an unknown field of the model', more: ['--set', 'model.layer=3'], says: /"layer", did you mean "layers"/ },
  { name: 'an unknown field of the training', more: ['--set', 'train.learningRate=3'], says: /"learningRate"/ },
  { name: 'a negative learning rate', more: ['--set', 'train.lr=-1'], says: /"train\.lr" is -1/ },
  { name: 'a width not divisible by the heads', more: ['--set', 'model.width=33'], says: /width.*33/ },
  {
    name: 'a learning rate beyond all',
    more: ['--set', 'train.lr=1e7'],
    says: /"train\.lr" is 10000000; allowed: <= 1000000/,
  },
  { name: 'a decay beyond all', more: ['--set', 'train.weightDecay=1e7'], says: /"train\.weightDecay" is 10000000/ },
  { name: 'a norm that no gradient has', more: ['--set', 'train.clip=1e308'], says: /"train\.clip" is 1e\+308/ },
  {
    name: 'a batch that no memory holds',
    more: ['--set', 'train.batchSize=1e12'],
    says: /"train\.batchSize" is 1000000000000/,
  },
  {
    name: 'windows longer than the context',
    more: ['--set', 'data.windows=33'],
    says: /"data\.windows" is 33; allowed: 1 to 32, the model's context/,
  },
  { name: 'weights beyond all', more: ['--set', 'model.initStd=1e7'], says: /"initStd" is 10000000/ },
  { name: 'threads beyond all', more: ['--threads', '2000'], says: /--threads.*from 1 to 1024/ },
  { name: 'CUDA where there is none', more: ['--device', 'cuda:99'], says: /cuda/i },
  { name: 'a device of no known kind', more: ['--device', 'tpu'], says: /tpu/ },
  { name: 'a folder that cannot be made', out: 'text.txt/run', says: /text\.txt/ },
  { name: 'a folder that is a link to nothing', out: 'nowhere', says: /nowhere: cannot be made: it is a link/ },
  { name: 'a folder that the system refuses', out: '/proc/gptorch', says: /\/proc\/gptorch: cannot be written/ },
  { name: 'an option of a wrong kind', more: ['--threads', 'many'], says: /--threads/ },
  { name: 'an unknown option', more: ['--sett', 'a=b'], says: /--sett/ },
  { name: 'nothing to resume', more: ['--resume'], says: /resume/ },
];

describe('gptorch pretrain with bad input ends with 2, one line on stderr, and writes nothing', () => {
  it.each(wrong)('$name', async ({ config = 'tiny.json', data = 'text.txt', out = 'out/run', more = [], says }) => {
    const folder = out.startsWith('/') ? out : path(out);
    const args = ['pretrain', '--config', path(config), '--data', path(data), '--out', folder, ...more];
    const { code, stdout, stderr } = await gptorch(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(says);
    expect(existsSync(path('out'))).toBe(false);
  });

  it('a folder that already holds a run', async () => {
    const args = [
      'pretrain',
      '--config',
      path('tiny.json'),
      '--data',
      path('text.txt'),
      '--out',
      path('twice'),
      '--set',
      'train.steps=1',
      '--set',
      'train.warmupSteps=0',
      '--quiet',
    ];
    expect(await gptorch(args)).toMatchObject({ code: 0 });
    expect(await gptorch(args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^[^\n]*twice[^\n]*--resume[^\n]*\n$/),
    });
  });
});

const generate = ['generate', '--model', 'model', '--prompt-tokens', '1'];
const serve = ['serve', '--model', 'model', '--port', '0'];
const finetune = [
  'finetune',
  '--task',
  'classification',
  '--model',
  'model',
  '--train',
  'none.jsonl',
  '--eval',
  'none.jsonl',
  '--out',
  'fresh',
];
const launch = ['launch', '--processes'];

describe('values beyond their bounds', () => {
  it.each<[string[], RegExp]>([
    [[...generate, '--n', '1025'], /--n <count>.*from 1 to 1024/],
    [[...generate, '--temperature', '1e7'], /--temperature.*from 0 to 1000000/],
    [[...generate, '--repetition-penalty', '1e7'], /--repetition-penalty.*from 0.000001 to 1000000/],
    [[...generate, '--repetition-penalty', '1e-7'], /--repetition-penalty.*from 0.000001 to 1000000/],
    [['chat', '--model', 'model', '--temperature', '1e7'], /--temperature/],
    [['chat', '--model', 'model', '--repetition-penalty', '0'], /--repetition-penalty/],
    [[...serve, '--max-running', '4097'], /--max-running.*from 1 to 4096/],
    [[...serve, '--cache-tokens', '99999999999'], /--cache-tokens.*from 1 to 1073741824/],
    [[...serve, '--cache-tokens', '31'], /--cache-tokens is 31; allowed: from 32, the context of/],
    [[...serve, '--name', ''], /--name/],
    [[...serve, '--host', ''], /--host/],
    [[...serve, '--allow-host', ''], /--allow-host/],
    [[...serve, '--model', 'model'], /two models are to be served as model/],
    [[...serve, '--trust-proxy', 'nonsense'], /trustedProxies: "nonsense" is neither/],
    [[...serve, '--wait-timeout', '1e10'], /--wait-timeout.*<= 2147483/],
    [[...serve, '--request-timeout', '1e10'], /--request-timeout/],
    [[...serve, '--drain-timeout', '1e10'], /--drain-timeout/],
    [[...finetune, '--set', 'lr=1e7'], /"lr" is 10000000; allowed: <= 1000000/],
    [[...finetune, '--set', 'eps=1e7'], /"eps" is 10000000/],
    [['bench', '--batch', '9007199254740991'], /--batch.*from 1 to 1048576/],
    [[...launch, '100000', 'pretrain', '--out', 'fresh'], /--processes.*from 1 to 1024/],
    [[...launch, '1', '--timeout', '1e12', 'pretrain', '--out', 'fresh'], /--timeout/],
    [['pretrain', '--config', 'tiny.json', '--data', 'text.txt', '--out', ''], /--out/],
    [['finetune', '--out', ' '], /--out/],
    [['init', '--config', 'tiny.json', '--vocab-size', '20', '--out', ''], /--out/],
    [['quantize', '--model', 'model', '--out', ''], /--out/],
    [['demo', '--out', ''], /--out/],
    [['data', 'prepare', '--data', 'text.txt', '--tokenizer', 'model', '--out', ''], /--out/],
    [['tokenizer', 'train', '--type', 'char', '--data', 'text.txt', '--out', ''], /--out/],
    [['tokenizer', 'import', '--input', 'none', '--out', ''], /--out/],
    [['tokenizer', 'export', '--tokenizer', 'model', '--out', ''], /--out/],
  ])('%j', async (args, says) => {
    const files = new Set(['model', 'none', 'none.jsonl', 'tiny.json', 'text.txt', 'fresh']);
    const { code, stdout, stderr } = await gptorch(args.map((arg) => (files.has(arg) ? path(arg) : arg)));
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(says);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(path('fresh'))).toBe(false);
  });
});

describe('other commands with bad input', () => {
  it.each([
    [
      'a token id out of range',
      ['generate', '--model', 'model', '--prompt-tokens', '1,20'],
      /20 is out of range.*0 to 19/,
    ],
    ['token ids that are none', ['generate', '--model', 'model', '--prompt-tokens', '1,x'], /--prompt-tokens/],
    ['a text without a tokenizer', ['generate', '--model', 'model', '--prompt', 'hi'], /tokenizer\.json/],
    ['no prompt', ['generate', '--model', 'model'], /--prompt/],
    ['a folder that is no model', ['generate', '--model', 'none', '--prompt', 'hi'], /none: no model directory/],
    ['a missing option', ['score', '--model', 'model'], /--input/],
    ['a missing input file', ['score', '--model', 'model', '--input', 'none.jsonl'], /none\.jsonl/],
    ['an unknown command', ['pretrian'], /pretrian/],
    ['a chat without a tokenizer', ['chat', '--model', 'model'], /tokenizer\.json/],
    ['a model that is damaged', ['quantize', '--model', 'torn', '--out', 'fresh'], /torn.*cut short/],
    [
      'text without a token for it',
      ['data', 'prepare', '--data', 'text.txt', '--tokenizer', 'digits', '--out', 'fresh', '--quiet'],
      /text\.txt:1: character "." .* is not in the vocabulary/,
    ],
    ['an open vocabulary', ['init', '--config', 'tiny.json', '--out', 'fresh'], /--vocab-size/],
  ])('%s', async (_, args, says) => {
    const files = new Set(['model', 'none', 'none.jsonl', 'tiny.json', 'text.txt', 'torn', 'digits', 'fresh']);
    const { code, stdout, stderr } = await gptorch(args.map((arg) => (files.has(arg) ? path(arg) : arg)));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(says);
    expect(existsSync(path('fresh'))).toBe(false);
  });

  it.each([
    ['{"tokens": [1, 20]}', /stdin:2: token id 20/],
    ['{"tokens": []}', /stdin:2: no tokens/],
    ['{"txt": "a"}', /stdin:2: unknown field "txt", did you mean "text"/],
    ['{"text": "a", "tokens": [1]}', /stdin:2: .*either/],
    ['nonsense', /stdin:2: not JSON: nonsense/],
    [JSON.stringify({ tokens: Array(33).fill(1) }), /stdin:2: 33 tokens .* context of 32/],
  ])('score of the line %s names file and line', async (line, says) => {
    const { code, stdout, stderr } = await gptorch(
      ['score', '--model', path('model'), '--input', '-'],
      `{"tokens":[1,2]}\n${line}\n`,
    );
    expect(code).toBe(2);
    expect(stdout.match(/\n/g)).toHaveLength(1); // the line before was good
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(says);
  });
});

it.each(['throw new Error("late\\nand long")', 'Promise.reject(new Error("late\\nand long"))'])(
  'what nobody has caught is told in one line: %s',
  async (late) => {
    // As soon as the command watches.
    const watches = "process.listenerCount('uncaughtException') > 0";
    const begin = `const timer = setInterval(() => { if (${watches}) { clearInterval(timer); ${late} } }, 1)`;
    const script = `data:text/javascript,${encodeURIComponent(begin)}`;
    const { code, stderr } = await gptorch(['doctor'], '', { NODE_OPTIONS: `--import ${script}` });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'gptorch: late and long\n' });
  },
);
