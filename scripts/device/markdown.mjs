import { decodeMarkdown } from '../bench/decode/table.mjs';
import { trainMarkdown } from '../bench/train/table.mjs';

const tables = { train: trainMarkdown, decode: decodeMarkdown };

/** models/results/device-*.md */
export function deviceMarkdown({ command, machine, stages }) {
  const { date, device, gpu, processor, cores, node, torch, nvcc } = machine;
  return [
    '# On a device',
    '',
    `    ${command}`,
    '',
    `${date}; ${device}: ${gpu?.join('; ') ?? 'no GPU'}; ${cores} cores (${processor}); torch ${torch}, nvcc ${nvcc ?? 'none'}, Node ${node}`,
    '',
    '| stage | | s | |',
    '| --- | --- | ---: | --- |',
    ...stages.map(
      (stage) =>
        `| ${stage.name} | ${stage.ok ? 'passed' : '**failed**'} | ${stage.seconds.toFixed(0)} | ${cell(stage)} |`,
    ),
    '',
    ...stages
      .filter(({ benchmark }) => benchmark !== undefined)
      .map(({ benchmark: { name, result } }) => tables[name](result).replace(/^#/gm, '##')),
  ].join('\n');
}

/** What a stage has to say in a cell of a table. */
function cell({ ok, passed, failed, totals, problem }) {
  const counted = passed === undefined ? totals : `${passed} passed, ${failed} failed`;
  const text = ok ? counted : [counted, problem].filter(Boolean).join(': ');
  return (text ?? '').replaceAll('|', '\\|').replace(/\s+/g, ' ').slice(0, 300);
}
