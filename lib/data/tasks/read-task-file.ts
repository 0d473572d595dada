import { InputError } from '../../errors.js';
import { parseOrThrow } from '../../validate.js';
import { readJsonLines } from '../json-lines.js';
import { type Task, type TaskLine, taskLineSchemas } from './task.js';

/** A line and where it stands. */
export type TaskLineAt = TaskLine & { where: string };

/**
 * The lines of a task file (JSON lines), or of stdin for `-`, one by one; answers may be missing.
 * @throws InputError naming file, line and field
 */
export async function* readTaskLines(task: Task, file: string): AsyncGenerator<TaskLineAt, void, undefined> {
  for await (const { where, value } of readJsonLines(file)) {
    yield { where, ...parseOrThrow(taskLineSchemas[task], value, where) };
  }
}

/**
 * A whole task file to train on or to evaluate with: each line has its answer, labels in all lines or scores in all.
 * @throws InputError naming file, line and field
 */
export async function readTaskFile(task: Task, file: string): Promise<TaskLineAt[]> {
  const lines: TaskLineAt[] = [];
  for await (const line of readTaskLines(task, file)) {
    const [first] = lines;
    const wanted = first?.score !== undefined ? 'score' : 'label';
    const has = line.score !== undefined ? 'score' : line.label !== undefined ? 'label' : undefined;
    if (has === undefined) throw new InputError(`${line.where}: field "${wanted}" is missing`);
    if (first !== undefined && has !== wanted) {
      throw new InputError(`${line.where}: field "${wanted}" is missing; ${first.where} has one, and all lines alike`);
    }
    lines.push(line);
  }
  if (lines.length === 0) throw new InputError(`${file}: has no lines`);
  return lines;
}
