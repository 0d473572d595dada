import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryPath } from './libtorch-files.js';
import { addon, cudaOperators, libtorch } from './load.js';
import { type CudaFacts, cudaLibraries } from './why-no-cuda.js';

/** Asks the driver, libtorch and the files of this process's libtorch. */
export function cudaFacts(env: NodeJS.ProcessEnv = process.env): CudaFacts {
  const { folder, version, device, rejected } = libtorch;
  const libraries = cudaLibraries.filter((name) => existsSync(libraryPath(folder, name)));
  return {
    libtorch: { folder, version, device, rejected, libraries, cuda: builtWithCuda(folder) },
    driver: addon.engine.cudaDriver(),
    devices: addon.engine.cudaDevices(),
    operatorsProblem: operatorsProblem(),
    env,
  };
}

function operatorsProblem(): string | undefined {
  if (addon.engine.cudaKernels().length > 0) return undefined;
  return 'problem' in cudaOperators ? cudaOperators.problem : `${cudaOperators.file} registers none`;
}

/** A wheel's version.py says `cuda: Optional[str] = '13.0'`. */
function builtWithCuda(folder: string): string | undefined {
  const file = join(folder, 'version.py');
  return existsSync(file) ? /^cuda\b.*=\s*['"]([\d.]+)['"]/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
}
