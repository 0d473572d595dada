import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeUserProject, type UserProject } from './user-project.js';

const assertion = `
async function check(value: Tensor) {
  await expect(value).toBeCloseToTensor([[1, 2]], { rtol: 1e-4 });
  await expect(value).not.toBeCloseToTensor((await readReferences('a.npz')).get('a'));
  await expect(Promise.resolve(value)).resolves.toBeCloseToTensor({ shape: [1], data: [1] });
  const shape: readonly number[] = tensor((await readReference('a.npy')).data).shape;
  void shape;
}
void check;
`;
const head = `
import { type Tensor, tensor } from 'gptorch';
import { readReference, readReferences } from 'gptorch/testing';
`;

let project: UserProject;
beforeAll(async () => {
  project = await makeUserProject({
    'package.json': '{ "type": "module" }',
    'both.cjs': `
      const required = require('gptorch');
      const testing = require('gptorch/testing');
      import('gptorch').then(async (imported) => {
        const same = Object.keys(imported).every((name) => imported[name] === required[name]);
        const names = Object.keys(required).length === Object.keys(imported).length;
        console.log(same, names, testing.tensorMatchers === (await import('gptorch/testing')).tensorMatchers);
      });`,
    'addon-free.mjs': `
      await import('gptorch/testing');
      console.log(process.report.getReport().sharedObjects.some((file) => file.includes('torch_cpu')));`,
    'vitest.ts': `import { expect } from 'vitest';\nimport 'gptorch/testing/vitest';${head}${assertion}`,
    'jest.ts': `import { expect } from '@jest/globals';\nimport 'gptorch/testing/jest';${head}${assertion}`,
    'jest-required.cts': `import { expect } from '@jest/globals';\nimport 'gptorch/testing/jest';${head}${assertion}`,
    'jest-global.ts': `import 'gptorch/testing/jest';${head}${assertion}`,
    'misspelt.ts': `import { expect } from 'vitest';\nimport 'gptorch/testing/vitest';${head}
      export const a = expect(tensor(1)).toBeCloseToTensor(1, { rTol: 1 });
      export const b = expect(tensor(1)).toBeCloseToTensor('1');`,
  });
});
afterAll(() => project.remove());

test('require and import give the same modules in Node, without a warning', async () => {
  expect(await project.run('both.cjs')).toEqual({ code: 0, output: 'true true true\n' });
});

test('gptorch/testing alone loads no libtorch', async () => {
  expect(await project.run('addon-free.mjs')).toEqual({ code: 0, output: 'false\n' });
});

describe('types', () => {
  const { ModuleKind, ModuleResolutionKind } = ts;
  const nodenext = { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext };
  const node16 = { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 };
  const bundler = { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler };
  // What `"module": "commonjs"` means when nothing else is said: the usual setting of Jest with TypeScript.
  const commonjs = { module: ModuleKind.CommonJS, moduleResolution: ModuleResolutionKind.Node10 };

  test.each<[file: string, options: ts.CompilerOptions]>([
    ['vitest.ts', nodenext],
    ['vitest.ts', bundler],
    ['jest.ts', nodenext],
    ['jest.ts', commonjs],
    ['jest-required.cts', node16],
    ['jest-global.ts', { ...commonjs, types: ['node', 'jest'] }],
  ])(
    '%s, %o',
    (file, options) => {
      expect(problems(file, options)).toEqual([]);
    },
    120_000,
  );

  test('a misspelt option and a reference that is none are errors', () => {
    expect(problems('misspelt.ts', nodenext)).toEqual([
      expect.stringContaining("'rTol' does not exist in type 'ToleranceOptions'"),
      expect.stringContaining("Argument of type 'string' is not assignable to parameter of type 'Comparable'"),
    ]);
  }, 120_000);

  function problems(file: string, options: ts.CompilerOptions): string[] {
    const settings = { target: ts.ScriptTarget.ES2022, strict: true, noEmit: true, types: ['node'], ...options };
    const program = ts.createProgram([project.path(file)], { ...settings, skipLibCheck: true });
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }
});
