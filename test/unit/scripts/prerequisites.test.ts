import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { jobs } from '../../../scripts/bootstrap/cmake.mjs';
import { withCMakeTools } from '../../../scripts/bootstrap/cmake-tools.mjs';
import { checkCompiler } from '../../../scripts/bootstrap/compiler.mjs';
import { checkNode } from '../../../scripts/bootstrap/node-version.mjs';
import { isInstalled } from '../../../scripts/bootstrap/npm-packages.mjs';
import { write } from '../addon/fake-libtorch.js';
import { temporaryFolder } from '../addon/temporary-folder.js';

/** A folder for PATH with these programs, each printing one text. */
function programs(texts: Record<string, string>): NodeJS.ProcessEnv {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(texts)) {
    chmodSync(write(join(folder, name), `#!/bin/sh\necho '${text}'\n`), 0o755);
  }
  return { PATH: folder, XDG_CACHE_HOME: folder };
}

test("package.json's Node version is enforced", () => {
  for (const version of ['18.20.0', '20.18.9']) {
    expect(() => checkNode(version)).toThrow(`Node ${version} is too old: gptorch needs Node 20.19 or newer`);
  }
  for (const version of ['20.19.0', '22.0.0', process.versions.node]) checkNode(version);
});

test('a missing prerequisite ends with code 2 and the command that installs it', async () => {
  const install = /apt-get install|dnf install|apk add|xcode-select|brew install/;
  expect(() => checkCompiler({ PATH: '' })).toThrow(
    expect.objectContaining({ exitCode: 2, command: expect.stringMatching(install) }),
  );
  await expect(withCMakeTools({ PATH: '' })).rejects.toMatchObject({
    exitCode: 2,
    command: expect.stringMatching(install),
  });
});

test('a compiler without C++20 is told', () => {
  const env: NodeJS.ProcessEnv = { ...programs({}), CXX: 'old-c++' };
  const file = write(join(env.PATH ?? '', 'old-c++'), '#!/bin/sh\n[ "$1" = --version ] && echo "old-c++ 4.8"\n');
  chmodSync(file, 0o755);
  expect(() => checkCompiler(env)).toThrow(/old-c\+\+ 4\.8.*does not compile C\+\+20/);
});

test("the system's cmake and ninja are taken where they are new enough", async () => {
  const fine = programs({ cmake: 'cmake version 3.24.0', ninja: '1.11.1' });
  await expect(withCMakeTools(fine)).resolves.toBe(fine);
  await expect(withCMakeTools(programs({ cmake: 'cmake version 3.22.1', ninja: '1.11.1' }))).rejects.toThrow(
    'cmake (cmake 3.24',
  );
});

test('no more compilers run at once than cores and memory hold, a container with its own limit too', () => {
  expect(jobs(16, 64e9)).toBe('16');
  expect(jobs(16, 4e9)).toBe('2');
  expect(jobs(16, 1e9)).toBe('1');
  const limit = vi.spyOn(process, 'constrainedMemory').mockReturnValue(1e9);
  expect(jobs(16)).toBe('1');
  limit.mockRestore();
});

test('npm packages are compared with the lock file one by one', () => {
  const folder = temporaryFolder();
  const lock = (packages: object): string => JSON.stringify({ packages });
  const wanted = {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '1.0.0', optional: true },
  };
  write(join(folder, 'package-lock.json'), lock(wanted));
  expect(isInstalled(folder)).toBe(false);
  const present = join(folder, 'node_modules', '.package-lock.json');
  write(present, lock({ 'node_modules/a': { version: '1.0.0' } }));
  expect(isInstalled(folder)).toBe(false); // its folder is missing
  write(join(folder, 'node_modules', 'a', 'package.json'), '{}');
  expect(isInstalled(folder)).toBe(true);
  write(present, lock({ 'node_modules/a': { version: '0.9.0' } }));
  expect(isInstalled(folder)).toBe(false);
});
