import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { configureAndBuild } from '../bootstrap/cmake.mjs';
import { ensureLibtorch } from '../bootstrap/libtorch.mjs';
import { root } from '../bootstrap/paths.mjs';
import { step } from '../bootstrap/step.mjs';
import { bootstrap } from '../bootstrap.mjs';
import { buildNativeTests, runNativeTests } from '../test/native.mjs';
import { pythonForChecks, runPython } from '../test/python.mjs';
import { skip } from '../test/suite.mjs';
import { vitest } from '../test/vitest.mjs';
import { clearReports, countReports, expectReport } from './reports.mjs';
import { addressSanitizer, preloaded } from './sanitizer.mjs';

const heap = { kind: 'heap-overflow', expected: /AddressSanitizer: heap-buffer-overflow/ };
const integer = { kind: 'integer-overflow', expected: /runtime error: signed integer overflow/ };

/** The tests that spend their time in native code. */
const most = ['test/parity', 'test/unit/tensor', 'test/unit/io', 'test/unit/model', 'test/unit/addon', 'test/fault'];
/** Tests that cannot hold here, with the reason. */
const unfit = {
  'test/fault/memory.test.ts': 'the sanitizer keeps what is freed, so the resident size says nothing',
  'test/fault/copies.test.ts': 'GPTORCH_ADDON gives both copies the same addon',
};
const few = ['test/parity/modules.test.ts', 'test/parity/functions.test.ts'];

/**
 * The native tests, the addon below Vitest's tests and the operators below Python's checks.
 *
 * @param {{ env: NodeJS.ProcessEnv, short: boolean, files: string[] }} options `files` take the place of Vitest's
 *   choice here; `short` leaves out what takes minutes
 */
export async function underAddress({ env, short, files }) {
  await bootstrap();
  const sanitizer = addressSanitizer();
  const tests = join(sanitizer.folder, 'tests');
  const addon = await buildAddon(sanitizer, env);
  const library = join(addon, 'libgptorch_ops.so');
  await buildNativeTests(tests, { env, sanitize: sanitizer.flags });
  const loaded = { ...sanitizer.env, ...preloaded(), GPTORCH_ADDON: addon };

  clearReports(sanitizer.reports);
  const outcomes = findPlanted(tests, library, sanitizer, loaded);
  outcomes.push(await runNativeTests(tests, { env: sanitizer.env }));
  const chosen = files.length > 0 ? files : short ? few : most.filter((file) => existsSync(join(root, file)));
  const left = Object.keys(unfit).filter((file) => existsSync(join(root, file)));
  const config = join(root, 'scripts', 'sanitize', 'vitest.config.ts');
  outcomes.push(await vitest(['--config', config, ...left.map((file) => `--exclude=${file}`), ...chosen]));
  if (!short) outcomes.push(...left.map((file) => skip(file, unfit[file])));
  if (!short) outcomes.push(await runPython('test_ops.py', ['--library', library], loaded));
  outcomes.push(countReports(sanitizer.reports));
  return outcomes;
}

/** @returns {Promise<string>} the folder of the addon */
async function buildAddon(sanitizer, env) {
  const { libtorch } = await ensureLibtorch();
  await step('sanitize', `building addon and operators with -fsanitize=${sanitizer.flags}`, (report) =>
    configureAndBuild(root, sanitizer.folder, {
      name: 'sanitize-address',
      options: { GPTORCH_LIBTORCH: libtorch.folder, GPTORCH_SANITIZE: sanitizer.flags },
      env,
      report,
    }),
  );
  return join(sanitizer.folder, 'Release');
}

/** In each way in which our code is run. */
function findPlanted(tests, library, { env, reports }, loaded) {
  const program = join(tests, 'planted_fault');
  const inNode = ({ kind }) => `import('./dist/addon/load.js').then(({ addon }) => addon.plantFault('${kind}'))`;
  const inPython = `import torch; torch.ops.load_library('${library}'); torch.ops.gptorch.plant_fault('${heap.kind}')`;
  const { interpreter, missing } = pythonForChecks();
  const outcomes = [];
  for (const fault of [heap, integer]) {
    outcomes.push(expectReport('a program', fault, program, [fault.kind], { env, reports }));
    outcomes.push(expectReport('node', fault, process.execPath, ['-e', inNode(fault)], { env: loaded, reports }));
  }
  outcomes.push(
    interpreter
      ? expectReport('python', heap, interpreter, ['-c', inPython], { env: loaded, reports })
      : skip('planted fault found: python', missing),
  );
  return outcomes;
}
