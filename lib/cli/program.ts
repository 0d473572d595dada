import { Command } from 'commander';
import { addBench } from './bench.js';
import { addChat } from './chat.js';
import { addData } from './data.js';
import { addDemo } from './demo.js';
import { addDoctor } from './doctor-command.js';
import { addEvaluate } from './evaluate.js';
import { addFinetune } from './finetune.js';
import { addGenerate } from './generate.js';
import { addInit } from './init.js';
import { addInstallLibtorch } from './install-libtorch.js';
import { addLaunch } from './launch/launch.js';
import { addPredict } from './predict.js';
import { addPretrain } from './pretrain.js';
import { addQuantize } from './quantize.js';
import { addScore } from './score.js';
import { addServe } from './serve.js';
import { addTokenizer } from './tokenizer.js';
import { packageVersion } from './version.js';

/** The `gptorch` command line. Commands load libtorch when they run: help and version need none. */
export function createProgram(): Command {
  const program = new Command('gptorch')
    .description('Pretrain, fine-tune and serve GPT models on libtorch')
    .version(packageVersion())
    // What stands behind `launch`'s command is that command's.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, ' ')}\n`) });
  const training = [addPretrain, addFinetune, addLaunch, addEvaluate, addPredict];
  const inference = [addGenerate, addScore, addChat, addServe];
  const files = [addInit, addQuantize, addTokenizer, addData];
  const machine = [addInstallLibtorch, addDoctor, addBench, addDemo];
  for (const add of [...training, ...inference, ...files, ...machine]) add(program);
  return program;
}
