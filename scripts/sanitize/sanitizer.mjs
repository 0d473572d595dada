import { isAbsolute, join } from 'node:path';
import { outputOf } from '../bootstrap/commands.mjs';
import { compilerCommand } from '../bootstrap/compiler.mjs';
import { Failure } from '../bootstrap/failure.mjs';
import { buildFolder } from '../bootstrap/paths.mjs';

/**
 * One way to build and run: what the compiler is given and what the runtime reads.
 *
 * @typedef {{ flags: string, folder: string, reports: string, env: NodeJS.ProcessEnv }} Sanitizer
 */

/** Address and undefined behaviour together. @returns {Sanitizer} */
export function addressSanitizer() {
  const folder = join(buildFolder, 'sanitize-address');
  const reports = join(folder, 'reports');
  const asan = [
    // Node and libtorch keep much until the process ends; the tests of memory look for leaks of ours.
    'detect_leaks=0',
    // As malloc does. Some tests ask for more than there is.
    'allocator_may_return_null=1',
    // What is freed is kept to see its use; some tests look at how much memory the process has.
    'quarantine_size_mb=16',
    `log_path=${join(reports, 'address')}`,
  ];
  // Beside the address sanitizer it has no log_path and writes to stderr: halting makes each finding a failed test.
  const ubsan = ['print_stacktrace=1', 'halt_on_error=1'];
  return {
    flags: 'address,undefined',
    folder,
    reports,
    env: { ASAN_OPTIONS: asan.join(':'), UBSAN_OPTIONS: ubsan.join(':') },
  };
}

/** @returns {Sanitizer} */
export function threadSanitizer() {
  const folder = join(buildFolder, 'sanitize-thread');
  const reports = join(folder, 'reports');
  const tsan = ['second_deadlock_stack=1', `log_path=${join(reports, 'thread')}`];
  return { flags: 'thread', folder, reports, env: { TSAN_OPTIONS: tsan.join(':') } };
}

/**
 * Puts the address sanitizer before a program that was built without it, as node and python are. The C++ library comes
 * along because the sanitizer looks for it when it starts, to see what is thrown, and python has none.
 *
 * @returns {NodeJS.ProcessEnv}
 */
export function preloaded() {
  const libraries = ['libasan.so', 'libstdc++.so'].map((name) => {
    const file = outputOf(compilerCommand(), [`-print-file-name=${name}`]);
    if (file !== undefined && isAbsolute(file)) return file;
    throw new Failure(`The C++ compiler has no ${name}: the sanitizers need g++ on Linux (CXX chooses the compiler).`, {
      exitCode: 2,
    });
  });
  return { LD_PRELOAD: libraries.join(' ') };
}
