// A user's project, file by file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const model = '{ vocabSize: 65, contextLength: 32, layers: 2, heads: 2, width: 32 }';

const tsconfig = (module, moduleResolution) =>
  JSON.stringify({
    compilerOptions: { module, moduleResolution, target: 'es2022', strict: true, noEmit: true, types: ['node'] },
    files: ['main.ts'],
  });

/** @type {Record<string, string>} */
const files = {
  'package.json': '{ "name": "user", "private": true, "type": "module" }',
  'first-token.mjs': `
    import { complete, GPT } from 'gptorch';
    const { tokens } = await complete(new GPT(${model}, { seed: 1 }), [1, 2, 3], { maxNewTokens: 1, seed: 1 });
    console.log('token', tokens[0]);`,
  'require.cjs': `
    const { tensor } = require('gptorch');
    const { createServer } = require('gptorch/serve');
    tensor([1, 2, 3]).sum().item().then((sum) => console.log('sum', sum, typeof createServer));`,
  'worker.mjs': `
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(new URL('./in-worker.mjs', import.meta.url));
    worker.on('message', (sum) => console.log('sum', sum));
    worker.on('error', (error) => { throw error; });`,
  'in-worker.mjs': `
    import { parentPort } from 'node:worker_threads';
    import { tensor } from 'gptorch';
    parentPort.postMessage(await tensor([1, 2, 3]).sum().item());`,
  'serve.mjs': `
    import { createServer, openModel } from 'gptorch/serve';
    const app = createServer({ models: [await openModel('m', 'run')] });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const page = await fetch(url);
    const body = JSON.stringify({ model: 'm', prompt: 'The sea', max_tokens: 2 });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url + '/v1/completions', { method: 'POST', headers, body });
    console.log(page.status, page.headers.get('content-type'), answer.status, (await answer.json()).usage.completion_tokens);
    await app.shutDown(1000);
    process.exit();`,
  'main.ts': `
    import { type Tensor, tensor, GPT } from 'gptorch';
    import type { createServer } from 'gptorch/serve';
    import { readReference } from 'gptorch/testing';
    const total: Tensor = tensor([1, 2, 3]).sum();
    const sum: number = await total.item();
    const parameters: number = new GPT(${model}).parameterCount;
    console.log('sum', sum, parameters > 0, typeof readReference);
    export type Create = typeof createServer;`,
  'node16.json': tsconfig('node16', 'node16'),
  'nodenext.json': tsconfig('nodenext', 'nodenext'),
  'bundler.json': tsconfig('esnext', 'bundler'),
  'tiny.json': JSON.stringify({
    model: { contextLength: 16, layers: 1, heads: 2, width: 16 },
    tokenizer: { type: 'char' },
    train: { steps: 20, batchSize: 4, lr: 0.003 },
  }),
  'input.txt': 'The sea is old and deep, a ship sails home at night.\n'.repeat(200),
};

/** @param {string} folder */
export function writeProject(folder) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
