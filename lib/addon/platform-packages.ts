/** The npm packages that hold what is compiled; gptorch names them as optional dependencies, so that npm takes a machine's own. */

/** `@gptorch/linux-x64`: loader, addon and operators of a platform. */
export function addonPackage(platform: string = process.platform, arch: string = process.arch): string {
  return `@gptorch/${platform}-${arch}`;
}

/** `@gptorch/libtorch-cpu-linux-x64`: a stripped libtorch for the CPU. */
export function libtorchPackage(platform: string = process.platform, arch: string = process.arch): string {
  return `@gptorch/libtorch-cpu-${platform}-${arch}`;
}

/** `@gptorch/linux-x64-cuda`: the operators' CUDA kernels. CUDA's libtorch itself is beyond an npm package's size. */
export function cudaPackage(platform: string = process.platform, arch: string = process.arch): string {
  return `@gptorch/${platform}-${arch}-cuda`;
}

/** Platforms that there are packages for: gptorch depends on theirs alone, since a name that is not published breaks every install. */
export const prebuilt: readonly string[] = ['linux x64'];
