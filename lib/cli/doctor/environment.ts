/** What changes which libraries are found and how they compute. */
const shown = [
  'GPTORCH_LIBTORCH',
  'LIBTORCH',
  'GPTORCH_ADDON',
  'GPTORCH_LIBTORCH_URL',
  'XDG_CACHE_HOME',
  'OMP_NUM_THREADS',
  'OMP_WAIT_POLICY',
  'OMP_PROC_BIND',
  'GOMP_SPINCOUNT',
  'GOMP_CPU_AFFINITY',
  'MKL_NUM_THREADS',
  'MKL_ENABLE_INSTRUCTIONS',
  'ONEDNN_MAX_CPU_ISA',
  'ATEN_CPU_CAPABILITY',
  'CUDA_VISIBLE_DEVICES',
  'PYTORCH_CUDA_ALLOC_CONF',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'NODE_OPTIONS',
  'VIRTUAL_ENV',
  'CONDA_PREFIX',
  'HF_HOME',
  'HF_ENDPOINT',
  'HF_HUB_OFFLINE',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
];

/** Of these only that they are set. */
const secret = ['HF_TOKEN', 'GPTORCH_API_KEY'];

/** The environment variables that matter here and are set; no secret. */
export function environmentFacts(env: NodeJS.ProcessEnv): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const name of shown) {
    // Proxies are written in lower case, too.
    const value = env[name] ?? (name.endsWith('_PROXY') ? env[name.toLowerCase()] : undefined);
    if (value) facts[name] = value;
  }
  for (const name of secret) if (env[name]) facts[name] = '(set)';
  return facts;
}
