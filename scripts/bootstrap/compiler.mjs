import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installCommand, outputOf } from './commands.mjs';
import { Failure } from './failure.mjs';

/** The C++ compiler that CMake will take: `$CXX`, or the system's. */
export function compilerCommand(env = process.env) {
  const wanted = env.CXX ? [env.CXX] : ['c++', 'g++', 'clang++'];
  return wanted.find((name) => outputOf(name, ['--version'], env) !== undefined);
}

/** A text that changes with the compiler: `c++ (Debian 12.2.0-14) 12.2.0`. */
export function compilerVersion(env = process.env) {
  const found = compilerCommand(env);
  return found && outputOf(found, ['--version'], env)?.split('\n')[0];
}

/** Fails, with the command that installs one, when no compiler understands C++20. */
export function checkCompiler(env = process.env) {
  const found = compilerCommand(env);
  const install = { command: installCommand('compiler'), exitCode: 2 };
  if (!found) throw new Failure('No C++ compiler was found (g++ 11 or newer, or clang 14 or newer).', install);
  const folder = mkdtempSync(join(tmpdir(), 'gptorch-'));
  try {
    const source = join(folder, 'probe.cc');
    writeFileSync(
      source,
      '#include <concepts>\n#include <span>\nstd::span<const int> s; static_assert(std::same_as<int, int>);\n',
    );
    if (outputOf(found, ['-std=c++20', '-fsyntax-only', source], env) === undefined) {
      throw new Failure(
        `The C++ compiler ${found} (${compilerVersion(env)}) does not compile C++20; g++ 11 and clang 14 do.`,
        install,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
