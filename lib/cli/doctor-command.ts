import type { Command } from 'commander';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'show what gptorch finds on this machine and whether it computes, as a report of a fault should have it',
    )
    .option('--json', 'as one JSON line')
    .option('--verbose', 'stack traces of errors')
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import('./doctor.js');
      await doctor({ json: options.json === true });
    });
}
