import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError } from 'commander';
import { BOUNDS } from '../../bounds.js';
import { InputError } from '../../errors.js';
import { nonNegativeInteger, positiveInteger, seconds, wholeWithin } from '../parse-option.js';
import { LAUNCHED } from './launched.js';
import { runRanks } from './run-ranks.js';

interface LaunchOptions {
  processes: number;
  nodes: number;
  nodeRank: number;
  master?: Endpoint;
  timeout?: number;
  joinTimeout?: number;
}

interface Endpoint {
  host: string;
  port: number;
}

/** The commands that several processes can do together. */
const COMMANDS = ['pretrain', 'finetune'];
const main = fileURLToPath(new URL('../main.js', import.meta.url));

export function addLaunch(program: Command): void {
  program
    .command('launch')
    .description('train in several processes: gptorch launch --processes 2 pretrain …')
    .requiredOption('--processes <n>', 'ranks on this machine, which share its cores', wholeWithin(BOUNDS.processes))
    .option('--nodes <m>', 'machines; start it on each of them', positiveInteger, 1)
    .option('--node-rank <r>', 'which of the machines this is, from 0', nonNegativeInteger, 0)
    .option('--master <host:port>', 'where rank 0 listens (default: a free port of this machine alone)', endpoint)
    .option('--join-timeout <seconds>', 'time for all ranks to start (default: 300)', seconds)
    .option('--timeout <seconds>', 'time that a rank waits for the others in a step (default: 1800)', seconds)
    .argument('<command...>', 'pretrain or finetune with its options, or a script of JavaScript with its arguments')
    .passThroughOptions()
    .action(run);
}

async function run(command: string[], options: LaunchOptions): Promise<void> {
  const { processes, nodes, nodeRank, master, timeout, joinTimeout } = options;
  const [name = ''] = command;
  const isScript = /\.[cm]?js$/.test(name);
  if (!isScript && !COMMANDS.includes(name)) {
    throw new InputError(`launch: it runs ${COMMANDS.join(', ')} or a script, FILE.mjs or FILE.js, not ${name}`);
  }
  if (nodeRank >= nodes) throw new InputError(`launch: --node-rank is ${nodeRank}; allowed: 0 to ${nodes - 1}`);
  if (nodes > 1 && master === undefined)
    throw new InputError('launch: --nodes needs --master, the same on all of them');
  const { host, port } = master ?? { host: '127.0.0.1', port: await freePort() };
  const environments = Array.from({ length: processes }, (_, localRank) => ({
    ...process.env,
    [LAUNCHED]: '1',
    RANK: String(nodeRank * processes + localRank),
    WORLD_SIZE: String(nodes * processes),
    LOCAL_RANK: String(localRank),
    LOCAL_WORLD_SIZE: String(processes),
    MASTER_ADDR: host,
    MASTER_PORT: String(port),
    ...(timeout !== undefined && { GPTORCH_TIMEOUT: String(timeout) }),
    ...(joinTimeout !== undefined && { GPTORCH_JOIN_TIMEOUT: String(joinTimeout) }),
  }));
  process.exitCode = await runRanks({
    args: [...process.execArgv, ...(isScript ? [] : [main]), ...command],
    environments,
  });
}

function endpoint(text: string): Endpoint {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]+)):(?<port>\d+)$/.exec(text);
  const port = Number(match?.groups?.port);
  const host = match?.groups?.v6 ?? match?.groups?.name;
  if (host === undefined || port < 1 || port > 65_535) throw new InvalidArgumentError('Expected HOST:PORT.');
  return { host, port };
}

/** A port that was free a moment ago; rank 0 takes it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new InputError('launch: this machine gives no port');
  return address.port;
}
