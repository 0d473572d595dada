import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const passThrough = new URL('../../../scripts/pass-through.mjs', import.meta.url).href;

/** Starts `program` through passThrough, sends the signal once it says that it is ready, and tells how the outer one ended. */
async function end(
  program: string,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; signal: string | null; output: string }> {
  const script = `import { passThrough } from '${passThrough}'; passThrough(process.execPath, ['-e', process.argv[1]]);`;
  const outer = spawn(process.execPath, ['--input-type=module', '-e', script, '--', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  outer.stdout.on('data', (text: Buffer) => {
    output += text;
    if (String(text).includes('ready')) outer.kill(signal);
  });
  outer.stdin.end('input');
  const [code, killed] = await once(outer, 'close');
  return { code, signal: killed, output };
}

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s reaches the program, which decides how to end',
  async (signal) => {
    const program = `process.on('${signal}', () => process.exit(7)); setInterval(() => {}, 1000); console.log('ready');`;
    expect(await end(program, signal)).toMatchObject({ code: 7, signal: null });
  },
);

test('a program that a signal ends takes the outer one with it', async () => {
  expect(await end("setInterval(() => {}, 1000); console.log('ready');", 'SIGTERM')).toMatchObject({
    signal: 'SIGTERM',
  });
});

test('standard input is the program’s', async () => {
  const program = "process.stdin.pipe(process.stdout); process.on('SIGTERM', () => {});";
  expect(await end(program, 'SIGTERM')).toMatchObject({ code: 0, output: 'input' });
});
