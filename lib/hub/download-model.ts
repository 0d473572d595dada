import { join } from 'node:path';
import type * as Hub from '@huggingface/hub';
import { DownloadError, GptorchError, InputError } from '../errors.js';
import { download, type HubFile, reasonOf } from './download.js';
import { isThere, ModelCache } from './model-cache.js';
import { isComplete, neededFiles, shardsOf } from './model-files.js';
import { type HubSettings, hubSettings } from './settings.js';

export interface DownloadModelOptions {
  /** Branch, tag or commit. Default "main". */
  revision?: string;
  /** Default: HF_HUB_CACHE, else `hub` in HF_HOME, else ~/.cache/huggingface/hub. */
  cacheDir?: string;
  /** Default: HF_TOKEN, else the one that `hf auth login` stored. */
  token?: string;
  /** Stops the download. */
  signal?: AbortSignal;
  /** Called as the parts of a file arrive. */
  onProgress?: (progress: DownloadProgress) => void;
}

/** Of one file, while it is fetched. */
export interface DownloadProgress {
  file: string;
  /** Bytes so far. */
  received: number;
  /** Bytes of the whole file. */
  total: number;
}

/**
 * Fetches a model of the Hugging Face Hub into the cache that Hugging Face's own programs share: configuration,
 * tokenizer and safetensors weights, no pickle. What is there is not fetched again. HF_ENDPOINT, HF_HUB_OFFLINE and the
 * other settings are honoured; where the hub cannot be reached, what the cache has is taken.
 *
 * @param name `openai-community/gpt2`
 * @returns the model directory
 * @throws InputError for a name, revision or token that the hub does not accept, and offline where the cache has not all
 * @throws DownloadError where the hub cannot be reached or sends damaged files; GptorchError `ERR_WRITE` where the cache cannot
 * be written
 */
export async function downloadModel(name: string, options: DownloadModelOptions = {}): Promise<string> {
  const { revision = 'main', signal } = options;
  const settings = hubSettings(options);
  const cache = new ModelCache(settings.cacheDir, name);
  const known = await cache.commitOf(revision);
  signal?.throwIfAborted();
  if (settings.offline) {
    if (known !== undefined && (await isComplete(cache.snapshot(known)))) return cache.snapshot(known);
    throw new InputError(`${name}: ${cache.folder} has not all of revision ${revision}, and HF_HUB_OFFLINE is set`);
  }
  try {
    const repository = await openRepository(name, settings, signal);
    const commit = await repository.commit(revision);
    await fetchFiles(repository, cache, commit, options);
    await cache.remember(revision, commit);
    return cache.snapshot(commit);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof GptorchError) throw error;
    if (isRefusal(error)) throw refused(name, revision, settings, error);
    // The hub cannot be reached.
    if (known !== undefined && (await isComplete(cache.snapshot(known)))) return cache.snapshot(known);
    throw new DownloadError(`${name}: ${settings.endpoint} cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
}

async function fetchFiles(
  repository: Repository,
  cache: ModelCache,
  commit: string,
  { signal, onProgress }: DownloadModelOptions,
): Promise<void> {
  const files = await repository.files(commit);
  const folder = cache.snapshot(commit);
  const fetchOne = async (path: string) => {
    if (await isThere(join(folder, path))) return;
    const file = files.get(path);
    if (!file) throw new InputError(`${repository.name}: the index of its weights names ${path}, which it has not`);
    const blob = await cache.blob(file.hash);
    if (!(await isThere(blob))) {
      const read = (from: number) => repository.read(file, commit, from);
      const onReceived = (received: number) => onProgress?.({ file: path, received, total: file.size });
      await download(file, blob, { read, signal, onReceived });
    }
    await cache.link(commit, path, blob);
  };
  const needed = neededFiles([...files.keys()], repository.name);
  for (const path of needed) await fetchOne(path);
  if (needed.some((path) => path.endsWith('.index.json'))) {
    for (const path of await shardsOf(folder)) await fetchOne(path);
  }
}

/** What is asked of one of the hub's repositories. */
interface Repository {
  name: string;
  commit(revision: string): Promise<string>;
  /** Of its topmost folder. */
  files(commit: string): Promise<ReadonlyMap<string, HubFile>>;
  read(file: HubFile, commit: string, from: number): Promise<AsyncIterable<Uint8Array>>;
}

async function openRepository(name: string, settings: HubSettings, signal?: AbortSignal): Promise<Repository> {
  // Loaded only where it is needed: it is large.
  const hub: typeof Hub = await import('@huggingface/hub');
  const common = {
    repo: { type: 'model', name } as const,
    hubUrl: settings.endpoint,
    accessToken: settings.token,
    fetch: ((input, init) => fetch(input, { ...init, signal })) as typeof fetch,
  };
  return {
    name,
    async commit(revision) {
      const { sha } = await hub.modelInfo({ ...common, name, revision, additionalFields: ['sha'] });
      return sha;
    },
    async files(commit) {
      const files = new Map<string, HubFile>();
      for await (const { type, path, size, oid, lfs } of hub.listFiles({ ...common, revision: commit })) {
        const hash = lfs?.oid ?? oid;
        if (type === 'file' && hash !== undefined && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) {
          files.set(path, { path, size: lfs?.size ?? size, hash });
        }
      }
      return files;
    },
    async read({ path }, commit, from) {
      const blob = await hub.downloadFile({ ...common, path, revision: commit });
      if (!blob) throw new DownloadError(`${path}: the hub lists it, but does not have it`);
      return (from === 0 ? blob : blob.slice(from)).stream() as unknown as AsyncIterable<Uint8Array>;
    },
  };
}

function isRefusal(error: unknown): error is Hub.HubApiError {
  const status = (error as { statusCode?: number } | null)?.statusCode;
  return status !== undefined && status >= 400 && status < 500 && status !== 429;
}

function refused(name: string, revision: string, { endpoint, token }: HubSettings, error: Hub.HubApiError): InputError {
  const { statusCode: status } = error;
  const where = `${name} (revision ${revision}) at ${endpoint}`;
  if (status === 401 || status === 403) {
    const advice = token === undefined ? 'if it is private or gated, set HF_TOKEN' : 'the token does not open it';
    return new InputError(`${where}: refused (${status}); ${advice}, or there is no such model`, { cause: error });
  }
  const reason = status === 404 ? 'there is no such model or revision' : error.message;
  return new InputError(`${where}: ${reason} (${status})`, { cause: error });
}
