/** The CUDA build that we compile and link against. `===` names it: `==` would also take the CPU's, `2.13.0+cpu`. */
export const requirement = 'torch===2.13.0';

/** One wheel whatever Python asks, for only its headers and libraries are taken; its hash is the index's, kept here as well. */
export const wheel = {
  name: 'torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl',
  sha256: '60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7',
  pip: ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--platform', 'manylinux_2_28_x86_64'],
};

/** What of it is kept. What these libraries need themselves (cuBLAS, cuDNN, NCCL: gigabytes) is not needed to link. */
export const kept = /^torch\/(include\/|version\.py$|lib\/lib(c10|c10_cuda|torch_cpu|torch_cuda)\.so$)/;
