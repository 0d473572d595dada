import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { BOUNDS } from '../bounds.js';
import { InputError, inputAt } from '../errors.js';
import { addCommonOptions, type CommonOptions } from './common-options.js';
import { modelFolder } from './model-folder.js';
import { outliveOutput, writeJsonLine } from './output.js';
import { collect, nonEmpty, portNumber, positiveInteger, seconds, wholeWithin } from './parse-option.js';
import { type WeightsOption, weightsOption } from './weights-option.js';

interface ServeCommandOptions extends CommonOptions, WeightsOption {
  model: string[];
  name?: string;
  host: string;
  port: number;
  auth: boolean;
  page: boolean;
  allowHost?: string[];
  allowOrigin?: string[];
  trustProxy?: string[];
  systemMessages: 'refuse' | 'turn';
  maxRunning?: number;
  maxWaiting?: number;
  cacheTokens?: number;
  bodyLimit?: number;
  requestTokens?: number;
  waitTimeout?: number;
  requestTimeout?: number;
  drainTimeout: number;
  maxConnections?: number;
  logLevel: string;
}

/** Where the key stands that requests must carry; an option would show it to whoever lists processes. */
const KEY_VARIABLE = 'GPTORCH_API_KEY';

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description("answer HTTP requests in OpenAI's protocol, and show a chat page at /")
    .requiredOption(
      '--model <dir>',
      'model directory or name of the Hugging Face Hub, or NAME=DIR; may be given several times',
      collect,
    )
    .option('--name <name>', "what requests call the model (default: its directory's name)", nonEmpty)
    .option('--host <address>', 'the address to listen at', nonEmpty, '127.0.0.1')
    .option('--port <n>', 'the port; 0 takes any free one', portNumber, 8000)
    .option('--no-auth', `listen beyond this machine without ${KEY_VARIABLE}`)
    .option('--no-page', 'leave the chat page out')
    .option('--allow-host <name>', 'a name beside localhost that requests may call a local server by', collect)
    .option('--allow-origin <origin>', 'an origin whose web pages may send requests: https://example.org', collect)
    .option(
      '--trust-proxy <address>',
      'a proxy whose X-Forwarded-For says whom a request is from, or its network',
      collect,
    )
    .addOption(
      new Option('--system-messages <how>', "a chat's system messages: refuse them, or read each as a turn")
        .choices(['refuse', 'turn'])
        .default('refuse'),
    )
    .addOption(weightsOption())
    .option('--max-running <n>', 'texts generated together (default: 64)', wholeWithin(BOUNDS.maxRunning))
    .option('--max-waiting <n>', 'requests that may wait; further ones are refused (default: 1024)', positiveInteger)
    .option(
      '--cache-tokens <n>',
      'tokens whose keys and values are kept (default: 8 contexts)',
      wholeWithin(BOUNDS.cacheTokens),
    )
    .option('--body-limit <bytes>', 'the largest body of a request (default: 1048576)', positiveInteger)
    .option('--request-tokens <n>', 'most tokens of one request, prompts and answers (default: 65536)', positiveInteger)
    .option('--wait-timeout <s>', 'seconds that a request may wait for its turn (default: 30)', seconds)
    .option('--request-timeout <s>', 'seconds that a request may take (default: 300)', seconds)
    .option('--drain-timeout <s>', 'seconds that requests may take to end after SIGTERM', seconds, 30)
    .option('--max-connections <n>', 'connections open at once (default: 1024)', positiveInteger)
    .addOption(
      new Option('--log-level <level>', 'what JSON lines on stderr tell; info has one for each request')
        .choices(['silent', 'error', 'warn', 'info', 'debug'])
        .default('error'),
    );
  addCommonOptions(command).action(run);
}

async function run(options: ServeCommandOptions): Promise<void> {
  const { createServer } = await import('../serve/index.js');
  const { isLoopback } = await import('../serve/hosts.js');
  const { StopSignal } = await import('./stop-signal.js');
  const apiKey = process.env[KEY_VARIABLE] || undefined;
  const local = isLoopback(options.host);
  if (!local && apiKey === undefined && options.auth) {
    const why = `${options.host} can be reached from other machines; set ${KEY_VARIABLE}`;
    throw new InputError(`${why}, or say --no-auth where anyone may use the models`);
  }
  const note = (text: string) => options.quiet !== true && process.stderr.write(`${text}\n`);
  outliveOutput(note);
  const models = await openModels(options);
  const app = inputAt('serve', () =>
    createServer({
      ...{ models, apiKey, page: options.page, systemMessages: options.systemMessages },
      allowedHosts: local ? (options.allowHost ?? []) : 'any',
      ...{
        allowedOrigins: options.allowOrigin,
        trustedProxies: options.trustProxy,
        maxConnections: options.maxConnections,
      },
      limits: {
        ...{ bodyBytes: options.bodyLimit, requestTokens: options.requestTokens },
        ...{ waitTimeout: milliseconds(options.waitTimeout), requestTimeout: milliseconds(options.requestTimeout) },
      },
      logger: { level: options.logLevel, stream: process.stderr },
    }),
  );
  const url = await app.listen({ host: options.host, port: options.port });
  if (options.json) await writeJsonLine({ event: 'listening', url, models: models.map(({ name }) => name) });
  note(`serving ${models.map(({ name }) => name).join(', ')} at ${url}`);

  const stop = new StopSignal(() => note('shutting down once running requests have ended; again to quit at once'));
  await new Promise((wake) => stop.signal.addEventListener('abort', wake, { once: true }));
  const inTime = await app.shutDown(milliseconds(options.drainTimeout));
  if (!inTime) note('requests that still ran were given up');
  stop.dispose();
  for (const { model } of models) model.dispose();
  if (options.json) await writeJsonLine({ event: 'stopped', finished: inTime });
}

async function openModels(options: ServeCommandOptions) {
  const { openModel } = await import('../serve/index.js');
  const { setUpEngine } = await import('./set-up-engine.js');
  const device = await setUpEngine(options);
  const { dtype, weights, maxRunning, maxWaiting, cacheTokens } = options;
  const decoder = { weights, maxRunning, maxWaiting, cacheTokens };
  if (options.name !== undefined && options.model.length > 1) {
    throw new InputError('--name is for one --model; write several as --model NAME=DIR');
  }
  const places: { name: string; folder: string }[] = [];
  for (const given of options.model) {
    const [, ownName, place = given] = /^([^=/]+)=(.+)$/.exec(given) ?? [];
    const folder = await modelFolder({ ...options, model: place });
    const name = options.name ?? ownName ?? nameOf(place, folder);
    if (places.some((other) => other.name === name)) {
      throw new InputError(`two models are to be served as ${name}; write one of them as --model NAME=DIR`);
    }
    if (cacheTokens !== undefined) await checkCacheTokens(folder, cacheTokens);
    places.push({ name, folder });
  }
  const models = [];
  for (const { name, folder } of places) models.push(await openModel(name, folder, { device, dtype, decoder }));
  return models;
}

/** The cache holds a whole context. @throws InputError */
async function checkCacheTokens(folder: string, cacheTokens: number): Promise<void> {
  const { readGPTConfig } = await import('../model/index.js');
  const { contextLength } = await readGPTConfig(folder);
  if (cacheTokens >= contextLength) return;
  throw new InputError(`--cache-tokens is ${cacheTokens}; allowed: from ${contextLength}, the context of ${folder}`);
}

/** The directory's own name; a model of the hub keeps the name it has there. */
function nameOf(place: string, folder: string): string {
  return folder === place ? basename(resolve(folder)) : place;
}

function milliseconds(seconds: number): number;
function milliseconds(seconds: number | undefined): number | undefined;
function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.max(1, Math.round(seconds * 1000));
}
