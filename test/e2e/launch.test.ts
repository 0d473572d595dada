import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, losses, makeWorkspace, parseLines, type Result, start, untilLogged } from './cli.js';
import { freePort, processOfRank, runRank } from './ranks/ranks.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let whole: Record<string, unknown>[];
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const STEPS = 200;

beforeAll(async () => {
  workspace = await makeWorkspace();
  expect(await launch(2, pretrain('whole'))).toMatchObject({ code: 0 });
  whole = await losses(workspace.path('whole'));
});
afterAll(() => workspace.remove());

function pretrain(out: string, ...more: string[]): string[] {
  const { path } = workspace;
  const sets = [`steps=${STEPS}`, 'saveEvery=10', 'evalEvery=60', 'evalBatches=3'];
  const options = sets.flatMap((each) => ['--set', `train.${each}`]);
  const files = ['--config', path('tiny.json'), '--data', path('text.txt'), '--out', path(out)];
  return ['pretrain', ...files, '--quiet', ...options, ...more];
}

const launchArgs = (processes: number, command: readonly string[]) =>
  ['launch', '--processes', String(processes), ...command] as const;
const launch = (processes: number, command: readonly string[]): Promise<Result> =>
  gptorch(launchArgs(processes, command));
const resume = (out: string, ...more: string[]) => ['pretrain', '--out', workspace.path(out), '--resume', ...more];

describe('gptorch launch', () => {
  it('tells what one process tells, once', async () => {
    const { code, stdout, stderr } = await launch(2, resume('whole', '--json'));
    expect({ code, stderr: stderr.split('\n').filter((line) => !line.startsWith('step')) }).toEqual({ code: 0, stderr: [''] }); // biome-ignore format: one line
    expect(parseLines(stdout)).toEqual([expect.objectContaining({ stopped: 'steps', step: STEPS })]);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    '%s stops all ranks at one step, and a resumed run ends bit for bit as one never stopped',
    async (signal, code) => {
      const out = `after-${signal}`;
      const { child, result } = start(launchArgs(2, pretrain(out, '--json')));
      await untilLogged(workspace.path(out), 20);
      child.kill(signal);
      const { stdout, stderr, ...end } = await result;
      expect({ ...end, stderr }).toEqual({ code, stderr: '' });
      expect(parseLines(stdout).at(-1)).toMatchObject({ stopped: 'signal' });
      const before = (await losses(workspace.path(out))).length;
      expect(before).toBeLessThan(whole.length);
      expect(await launch(2, resume(out, '--quiet'))).toMatchObject({ code: 0, stderr: '' });
      expect(await losses(workspace.path(out))).toEqual(whole);
    },
  );

  it.each([0, 1])('ends all when rank %i is killed, with one error, and the run resumes', async (rank) => {
    const out = `killed-${rank}`;
    const { child, result } = start(launchArgs(2, pretrain(out)));
    await untilLogged(workspace.path(out), 20);
    const victim = processOfRank(child.pid ?? 0, rank);
    process.kill(victim, 'SIGKILL');
    const killed = performance.now();
    expect(await result).toEqual({
      code: 1,
      stdout: '',
      stderr: `gptorch: rank ${rank} (process ${victim}) was ended by SIGKILL; the other ranks were stopped\n`,
    });
    expect(performance.now() - killed).toBeLessThan(8000);
    expect(await launch(2, resume(out, '--quiet'))).toMatchObject({ code: 0 });
    expect(await losses(workspace.path(out))).toEqual(whole);
  });

  it('resumes a run of two in one process, and in two again, and says that bits may differ', async () => {
    const out = 'changing';
    const noDropout = ['embeddingDropout', 'attentionDropout', 'residualDropout'].flatMap((name) => ['--set', `model.${name}=0`]); // biome-ignore format: one line
    expect(await launch(2, pretrain(`${out}-not`, ...noDropout))).toMatchObject({ code: 0 });
    const until = (steps: number) => ['--set', `train.steps=${steps}`, '--set', `train.decayEnd=${STEPS}`];
    expect(await launch(2, pretrain(out, ...noDropout, ...until(40)))).toMatchObject({ code: 0 });
    const alone = await gptorch([...resume(out), ...until(80), '--threads', '1']);
    expect(alone).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('not to the same last bit: processes 2 → 1'),
    });
    const again = await launch(2, resume(out, ...until(STEPS)));
    expect(again).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('not to the same last bit: processes 1 → 2'),
    });
    const trainLosses = async (name: string) =>
      (await losses(workspace.path(name))).flatMap(({ trainLoss }) =>
        typeof trainLoss === 'number' ? [trainLoss] : [],
      );
    const [straight, changing] = [await trainLosses(`${out}-not`), await trainLosses(out)];
    expect(changing).toHaveLength(STEPS);
    // The order of float32 additions alone: test/e2e/ranks.test.ts.
    for (const [step, loss] of straight.entries())
      expect(Math.abs((changing[step] ?? Number.NaN) / loss - 1)).toBeLessThan(1e-5);
  });

  it('ends with the code of bad input, told once', async () => {
    const { path } = workspace;
    expect(
      await launch(2, ['pretrain', '--config', path('tiny.json'), '--data', path('none.txt'), '--out', path('x')]),
    ).toEqual({
      code: 2,
      stdout: '',
      stderr: `gptorch: ${path('none.txt')}: not found\n`,
    });
    expect(await launch(2, ['chat', '--model', 'x'])).toMatchObject({
      code: 2,
      stderr: 'gptorch: launch: it runs pretrain, finetune or a script, FILE.mjs or FILE.js, not chat\n',
    });
  });
});

describe('gptorch launch with a script', () => {
  it('runs it as ranks, which form a group', async () => {
    const script = workspace.path('ranks.mjs');
    const library = new URL('../../dist/index.js', import.meta.url).href;
    await writeFile(
      script,
      `import { ProcessGroup, readRankEnvironment, tensor } from ${JSON.stringify(library)};
      const group = await ProcessGroup.join(readRankEnvironment());
      const sums = await group.sum([group.rank, Number(process.argv[2])]);
      const [same, other] = [tensor([1, 2]), tensor([group.rank])];
      await group.checkSame([same], 'the same');
      const told = await group.checkSame([same, other], 'the weights').catch(({ code, message }) => [code, message]);
      group.broadcast([other], { root: 1 });
      await group.checkSame([same, other], 'what was given');
      await group.close();
      console.log(JSON.stringify({ sums, told }));`,
    );
    // Rank 0 has stdout.
    const { stdout, ...end } = await gptorch(['launch', '--processes', '2', script, '21']);
    expect(end).toEqual({ code: 0, stderr: '' });
    const told = ['ERR_PROCESS_GROUP', expect.stringMatching(/^rank 0: the weights differ between ranks: 1 from 0\./)];
    expect(parseLines(stdout)).toEqual([{ sums: [1, 42], told }]);
  });
});

describe('ranks that were started by hand', () => {
  const rank = (env: Readonly<Record<string, string | number>>, out = 'by-hand') =>
    runRank([main, ...pretrain(out)], { MASTER_ADDR: '127.0.0.1', GPTORCH_JOIN_TIMEOUT: 2, ...env });
  const failure = (pattern: RegExp, code = 1) => ({ code, stdout: '', stderr: expect.stringMatching(pattern) });

  it('says when the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const result = await rank({ RANK: 0, WORLD_SIZE: 2, MASTER_PORT: port });
    server.close();
    expect(result).toEqual(
      failure(/^gptorch: rank 0: port 127\.0\.0\.1:\d+ is in use by another program; set MASTER_PORT.*\n$/),
    );
  });

  it('says which rank did not come, and that nobody is there', async () => {
    const MASTER_PORT = await freePort();
    const [first, second] = await Promise.all([
      rank({ RANK: 0, WORLD_SIZE: 2, MASTER_PORT }),
      rank({ RANK: 1, WORLD_SIZE: 2, MASTER_PORT: await freePort() }),
    ]);
    expect(first).toEqual(failure(/^gptorch: rank 0: rank 1 of 2 did not join within 2 s; .*\n$/));
    expect(second).toEqual(
      failure(/^gptorch: rank 1: nobody answers at 127\.0\.0\.1:\d+ .* after 2 s: rank 0 was not started.*\n$/),
    );
  });

  it('says when ranks have another WORLD_SIZE, or the same RANK', async () => {
    const MASTER_PORT = await freePort();
    const [first, second] = await Promise.all([
      rank({ RANK: 0, WORLD_SIZE: 2, MASTER_PORT }),
      rank({ RANK: 1, WORLD_SIZE: 3, MASTER_PORT }),
    ]);
    expect([first, second]).toContainEqual(
      failure(/WORLD_SIZE is \d here, but \d for rank \d; all ranks need the same\n$/),
    );
    const twice = { RANK: 0, WORLD_SIZE: 3, MASTER_PORT: await freePort() };
    const results = await Promise.all([rank(twice), rank({ ...twice, RANK: 1 }), rank({ ...twice, RANK: 1 })]);
    expect(results).toContainEqual(
      failure(/^gptorch: rank 1: another process has this RANK; each needs its own, 0 to 2\n$/),
    );
  });

  it.each([
    [
      { RANK: 2, WORLD_SIZE: 2, MASTER_PORT: 1 },
      'environment variable RANK is "2"; allowed: whole numbers from 0 to 1',
    ],
    [{ WORLD_SIZE: 2, MASTER_PORT: 1 }, 'environment variable RANK is missing'],
    [{ WORLD_SIZE: 'two' }, 'environment variable WORLD_SIZE is "two"'],
  ])('refuses the environment %j', async (env, message) => {
    expect(await rank(env)).toEqual(failure(new RegExp(`^gptorch: ${message}.*\\n$`), 2));
  });
});
