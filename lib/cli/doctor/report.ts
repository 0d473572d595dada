import { readdirSync } from 'node:fs';
import { addonFolder, buildRecord, compiledAgainst, manifest } from '../../addon/addon-folder.js';
import type { Floor } from '../../addon/explain-load.js';
import { surveyLibtorch } from '../../addon/locate-libtorch.js';
import { packageVersion } from '../version.js';
import { type CacheFacts, cacheFacts } from './cache.js';
import { environmentFacts } from './environment.js';
import { type GpuFacts, gpuFacts } from './gpu.js';
import { type MachineFacts, machineFacts } from './machine.js';
import { withoutSecrets } from './private.js';
import { type SelfTest, selfTest } from './self-test.js';

export interface DoctorReport extends MachineFacts {
  gptorch: string;
  /** `rule` is what led to the folder; see `LibtorchRule`. `rejected`: why others before it were passed over. */
  libtorch: { folder: string; version: string; device: string; rule: string; rejected: string[] } | null;
  /** Every libtorch that was found, in the order in which they are tried. */
  candidates: { rule: string; folder: string; version: string | null; cuda: boolean; problem: string | null }[];
  addon: AddonFacts;
  /** `problem`: why libtorch uses no GPU, or null. */
  gpu: GpuFacts & { usable: number | null; problem: string | null };
  /** libtorch's own choice of kernels, and the threads it computes with. */
  engine: { instructionSet: string; threads: number } | null;
  environment: Record<string, string>;
  cache: CacheFacts;
  selfTest: SelfTest | null;
  /** Why the addon did not load or compute, or null. */
  problem: string | null;
}

interface AddonFacts {
  folder: string;
  files: string[];
  compiledAgainst: string | null;
  /** What its libraries need of the system, where it is an installed package. */
  floor: Floor | null;
}

/** What is asked for when something does not work: nothing secret is in it. */
export async function examine(env: NodeJS.ProcessEnv = process.env): Promise<DoctorReport> {
  const facts = {
    gptorch: packageVersion(),
    ...machineFacts(env),
    candidates: surveyLibtorch({ env, buildRecord, compiledAgainst: compiledAgainst() }),
    addon: addonFacts(),
    environment: environmentFacts(env),
    cache: cacheFacts(env),
  };
  return withoutSecrets({ ...facts, ...(await load()) });
}

/** What only a loaded addon can tell. */
async function load() {
  const gpu = gpuFacts();
  try {
    const { addon, cudaFacts, libtorch, whyNoCuda } = await import('../../addon/index.js');
    const { capability } = addon.engine;
    const tested = await selfTest();
    return {
      libtorch,
      gpu: { ...gpu, usable: addon.engine.cudaDevices(), problem: whyNoCuda(cudaFacts()) ?? null },
      engine: { instructionSet: capability, threads: addon.engine.threads() },
      selfTest: tested,
      problem: tested.ok ? null : `the self-test failed: ${tested.problem}`,
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { libtorch: null, gpu: { ...gpu, usable: null, problem: null }, engine: null, selfTest: null, problem };
  }
}

function addonFacts(): AddonFacts {
  const floor = manifest?.gptorch?.floor ?? null;
  return { folder: addonFolder, files: filesIn(addonFolder), compiledAgainst: compiledAgainst() ?? null, floor };
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /\.(node|so|dylib|dll)$/.test(name));
  } catch {
    return [];
  }
}
