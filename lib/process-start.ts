import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process of this machine began, as a text that no later process of the same number has; '' where one runs but the
 * system does not tell of it, undefined where none does. One that has ended but that nobody has waited for does not run.
 */
export function processStart(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  } catch {
    return exists(pid) ? '' : undefined;
  }
}

/** The boot, and clock ticks since then (proc_pid_stat(5), field 22; the name before may hold anything). */
function startOnLinux(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = ''] = fields;
  if ('ZX'.includes(state)) return undefined;
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[19]}`;
}

function startByPs(pid: number): string | undefined {
  const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' });
  const [state = '', ...start] = text.trim().split(/\s+/);
  return state.startsWith('Z') ? undefined : start.join(' ') || undefined;
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
