/** Files: safetensors, and writing that survives a crash. */

export { type LockOwner, ProcessLock } from '../process-lock.js';
export { digestOfFiles, digestOfJson } from './digest.js';
export { writeFileAtomic } from './files.js';
export { readJsonFile } from './json-file.js';
export {
  checkTensors,
  copyTensors,
  type Described,
  type LoadOptions,
  loadSafetensors,
  type NamedTensors,
  saveSafetensors,
} from './safetensors.js';
export { readSafetensorsHeader, type SafetensorsFile } from './safetensors-file.js';
export type { SafetensorsHeader, TensorEntry } from './safetensors-header.js';
export { openTensorFiles, type TensorFiles, type TensorPlace } from './tensor-files.js';
export { ensureWritableFolder } from './writable-folder.js';
