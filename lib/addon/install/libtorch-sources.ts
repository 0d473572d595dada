/** PyTorch's own index of CPU wheels: the one address that gptorch fetches from. `GPTORCH_LIBTORCH_URL` overrides it. */
export const cpuWheelIndex = 'https://download.pytorch.org/whl/cpu';

/** The wheel's platform for this machine, as a pattern on the end of its file name. */
export function wheelPlatform(platform: string = process.platform, arch: string = process.arch): RegExp | undefined {
  if (platform === 'linux' && arch === 'x64') return /linux\w*_x86_64\.whl$/;
  if (platform === 'linux' && arch === 'arm64') return /linux\w*_aarch64\.whl$/;
  if (platform === 'darwin' && arch === 'arm64') return /macosx_\w+_arm64\.whl$/;
  return undefined;
}
