import { expect, test } from 'vitest';
import { parseRequirements } from '../../../lib/addon/install/requirements.js';
import { compareVersions, satisfies } from '../../../lib/addon/install/version-specifier.js';

// Lines of torch 2.13.0's and cuda-toolkit 13.0.3's own metadata.
const torch = `
Requires-Dist: filelock
Requires-Dist: typing-extensions>=4.10.0
Requires-Dist: cuda-toolkit[cublas,cudart]==13.0.3; platform_system == "Linux"
Requires-Dist: cuda-bindings<14,>=13.0.3; platform_system == "Linux" and python_version < "3.15"
Requires-Dist: nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"
Requires-Dist: nvidia-windows==1; platform_system == "Windows"
Requires-Dist: pyyaml; extra == "pyyaml"
`;
const toolkit = `
Provides-Extra: cublas
Requires-Dist: nvidia-cublas==13.1.1.3.*; (sys_platform == 'linux' and platform_machine == 'aarch64' or sys_platform == 'linux' and platform_machine == 'x86_64' or sys_platform == 'win32' and platform_machine == 'AMD64') and extra == 'cublas'
Requires-Dist: nvidia-nvjitlink<14,>=13.0.88; (sys_platform == 'linux' and platform_machine == 'aarch64' or sys_platform == 'linux' and platform_machine == 'x86_64') and extra == 'cusparse'
`;

test.runIf(process.platform === 'linux')('what a wheel needs here, by platform and extra', () => {
  const names = (metadata: string, ...extras: string[]) => parseRequirements(metadata, extras).map(({ name }) => name);
  expect(names(torch)).toEqual(['filelock', 'typing-extensions', 'cuda-toolkit', 'cuda-bindings', 'nvidia-cudnn-cu13']);
  expect(parseRequirements(torch, []).find(({ name }) => name === 'cuda-toolkit')).toEqual({
    name: 'cuda-toolkit',
    specifier: '==13.0.3',
    extras: ['cublas', 'cudart'],
  });
  expect(names(toolkit)).toEqual([]);
  expect(parseRequirements(toolkit, ['cublas'])).toEqual([
    { name: 'nvidia-cublas', specifier: '==13.1.1.3.*', extras: [] },
  ]);
  expect(names(toolkit, 'cublas', 'cusparse')).toEqual(['nvidia-cublas', 'nvidia-nvjitlink']);
});

test.each([
  ['13.1.1.3', '==13.1.1.3.*', true],
  ['13.1.1.3.1', '==13.1.1.3.*', true],
  ['13.1.1.30', '==13.1.1.3.*', false],
  ['13.0.88', '<14,>=13.0.88', true],
  ['13.0.9', '<14,>=13.0.88', false],
  ['14.0', '<14,>=13.0.88', false],
  ['2.13.0+cu130', '==2.13.0,!=2.13.0+cpu', true],
  ['2.13.0', '==2.13.0,!=2.13.0+cpu', true],
  ['2.13.0+cpu', '==2.13.0,!=2.13.0+cpu', false],
  ['2.13.0', '==2.13.0+cpu', false],
  ['9.20.0.48', '==9.20.0.48', true],
  ['2', '===2.0', false],
  ['1.0', '', true],
])('%s satisfies "%s": %s', (version, specifier, expected) => {
  expect(satisfies(version, specifier)).toBe(expected);
});

test('versions are compared number by number', () => {
  expect(['13.0.9', '13.0.10', '13', '12.99'].sort(compareVersions)).toEqual(['12.99', '13', '13.0.9', '13.0.10']);
  expect(() => satisfies('1.0', '~=1.0')).toThrow('specifier ~=1.0 is not known');
});
