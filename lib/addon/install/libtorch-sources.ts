/** PyTorch's own indexes, the one host that gptorch fetches libtorch from. `GPTORCH_LIBTORCH_URL` overrides them. */
export const wheelIndexes = {
  cpu: 'https://download.pytorch.org/whl/cpu',
  /** CUDA 13.0; it has NVIDIA's wheels too. */
  cuda: 'https://download.pytorch.org/whl/cu130',
} as const;

/** The wheel's platform for this machine, as a pattern on the end of its file name. */
export function wheelPlatform(platform: string = process.platform, arch: string = process.arch): RegExp | undefined {
  if (platform === 'linux' && arch === 'x64') return /linux\w*_x86_64\.whl$/;
  if (platform === 'linux' && arch === 'arm64') return /linux\w*_aarch64\.whl$/;
  if (platform === 'darwin' && arch === 'arm64') return /macosx_\w+_arm64\.whl$/;
  return undefined;
}
