import { expect, test } from 'vitest';
import { whyNoAddon, whyNotOpened } from '../../../lib/addon/explain-load.js';
import { thisMachine } from '../../../lib/addon/machine.js';

const debian = { platform: 'linux', arch: 'x64', glibc: '2.36' };
const file = '/app/node_modules/@gptorch/linux-x64/gptorch.node';
const floor = { GLIBC: '2.28', GLIBCXX: '3.4.22' };

test('musl', () => {
  const alpine = { ...debian, glibc: undefined };
  const message = /not glibc \(Alpine's is musl\).*glibc 2\.28 or newer.*`docker run -it node:22-slim`/;
  expect(whyNoAddon(alpine, '0.1.0', [])).toMatch(message);
  expect(whyNotOpened(alpine, file, 'Error loading shared library ld-linux-x86-64.so.2', floor)).toMatch(message);
});

test('an old glibc', () => {
  const reason = "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.28' not found (required by libtorch_cpu.so)";
  expect(whyNotOpened({ ...debian, glibc: '2.27' }, file, reason, floor)).toMatch(
    /^Cannot load \S+: this system has glibc 2\.27, and glibc 2\.28 or newer is needed \(Debian 10.*`docker run/,
  );
});

test('an old libstdc++, or none', () => {
  const old = "/opt/old/libstdc++.so.6: version `GLIBCXX_3.4.21' not found";
  expect(whyNotOpened(debian, file, old, floor)).toMatch(
    /libstdc\+\+ with GLIBCXX_3\.4\.22 is needed.*\/opt\/old.*`apt-get install libstdc\+\+6`.*LD_LIBRARY_PATH/,
  );
  const none = 'libstdc++.so.6: cannot open shared object file: No such file or directory';
  expect(whyNotOpened(debian, file, none)).toMatch(/a newer libstdc\+\+ is needed.*apt-get install/);
});

test.each(['wrong ELF class: ELFCLASS32', 'invalid ELF header', 'incompatible architecture (have arm64)'])(
  'a library of another machine: %s',
  (reason) => {
    expect(whyNotOpened(debian, file, reason)).toMatch(
      /another processor or system than this process, linux x64 \(.*`rm -rf node_modules && npm ci`/,
    );
  },
);

test('any other reason is told as it is, with doctor', () => {
  expect(whyNotOpened(debian, file, 'out of handles')).toBe(
    `Cannot load ${file}: out of handles. Run \`npx gptorch doctor\`, which says what was found.`,
  );
});

test('a platform without packages', () => {
  const message = /no prebuilt gptorch for linux arm64 \(prebuilt: linux x64\).*`npm run build`/;
  expect(whyNoAddon({ ...debian, arch: 'arm64' }, '0.1.0', [])).toMatch(message);
});

test("another machine's node_modules", () => {
  expect(whyNoAddon(debian, '0.1.0', ['@gptorch/darwin-arm64'])).toMatch(
    /holds @gptorch\/darwin-arm64, this one needs @gptorch\/linux-x64\. Run `npm ci` here/,
  );
});

test('optional dependencies left out', () => {
  expect(whyNoAddon(debian, '0.1.0', [])).toMatch(
    /@gptorch\/linux-x64.* is not installed.*--omit=optional.*another platform.*`npm install --include=optional @gptorch\/linux-x64@0\.1\.0`/,
  );
});

test.runIf(process.platform === 'linux')('this machine is known', () => {
  expect(thisMachine()).toEqual({
    platform: 'linux',
    arch: process.arch,
    glibc: expect.stringMatching(/^2\.\d+$/),
  });
});
