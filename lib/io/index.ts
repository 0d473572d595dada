/** Files: safetensors, and writing that survives a crash. */

export { writeFileAtomic } from './files.js';
export { type LoadOptions, loadSafetensors, type NamedTensors, saveSafetensors } from './safetensors.js';
export { readSafetensorsHeader, type SafetensorsHeader, type TensorEntry } from './safetensors-header.js';
