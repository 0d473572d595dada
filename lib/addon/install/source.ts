import type { LibtorchDevice } from '../libtorch-files.js';
import type { Get } from './http.js';

/** How far an installation is. */
export interface InstallProgress {
  /** `torch-2.13.0….whl`, or what is done: `unpacking torch-2.13.0….whl`. */
  what: string;
  /** Bytes; without them it is not known how far. */
  done?: number;
  total?: number | undefined;
}

/** What a source of libtorch is given. */
export interface SourceOptions {
  device: LibtorchDevice;
  /** Where torch/ and its like go; does not exist yet. */
  unpacked: string;
  /** For what is thrown away afterwards, whatever happens. */
  temporary: string;
  /** For wheels: what is left there after a failure is used by the next call. */
  downloads: string;
  env: NodeJS.ProcessEnv;
  get: Get;
  report: (progress: InstallProgress) => void;
}

/** Unpacks libtorch; throws LoadError when it has none. */
export type Source = (options: SourceOptions) => Promise<void>;

/** What of the wheels is kept: libraries, headers, CMake files, the file that tells the version, licences. */
export function isKept(name: string): boolean {
  return /^(torch\/(include|lib|share)\/|torch\/version\.py$|torch\.libs\/|nvidia\/.*\/lib\/.*\.so|[^/]+\.dist-info\/licenses\/)/i.test(
    name,
  );
}
