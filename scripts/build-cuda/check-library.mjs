import { Failure } from '../bootstrap/failure.mjs';

/** CUDA's libtorch, its one CUDA runtime, and the compiler's and the system's own. */
const allowed = [
  /^libc10(_cuda)?\.so$/,
  /^libtorch_(cpu|cuda)\.so$/,
  /^libcudart\.so\.\d+$/,
  /^libstdc\+\+\.so\.6$/,
  /^libgcc_s\.so\.1$/,
  /^lib(c|m|dl|rt|pthread)\.so\.\d+$/,
  /^ld-linux-x86-64\.so\.2$/,
];

/**
 * Holds the library to what it may depend on: neither on Node, nor on the driver or a library that is not open already when CUDA's
 * libtorch is, nor on a folder of this machine.
 *
 * @param {{ file: string, needed: string[], runPath: string[], undefinedNames: string[] }} library
 */
export function checkLibrary({ file, needed, runPath, undefinedNames }) {
  const faults = [
    ...needed.filter((name) => !allowed.some((pattern) => pattern.test(name))).map((name) => `it needs ${name}`),
    ...runPath.filter((path) => path !== '$ORIGIN').map((path) => `its run path has ${path}`),
    ...undefinedNames.filter((name) => /^(napi_|node_api_|cu[A-Z])/.test(name)).map((name) => `it calls ${name}`),
  ];
  // A static runtime would have streams and contexts of its own beside libtorch's.
  if (!needed.some((name) => name.startsWith('libcudart'))) faults.push("it does not share libtorch's CUDA runtime");
  if (faults.length > 0) throw new Failure(`${file}: ${faults.join('; ')}`);
}
