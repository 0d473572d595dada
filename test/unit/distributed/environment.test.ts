import { describe, expect, it } from 'vitest';
import { ProcessGroup, readRankEnvironment } from '../../../lib/distributed/index.js';
import { ArgumentError, InputError } from '../../../lib/errors.js';

const env = { RANK: '1', WORLD_SIZE: '4', MASTER_ADDR: 'a.example', MASTER_PORT: '29500' };

describe('readRankEnvironment', () => {
  it('is nothing for a process by itself', () => {
    expect(readRankEnvironment({})).toBeUndefined();
    expect(readRankEnvironment({ WORLD_SIZE: '1', RANK: '0' })).toBeUndefined();
  });

  it('reads what torchrun sets', () => {
    const local = { LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '2', TORCHELASTIC_USE_AGENT_STORE: 'True' };
    expect(readRankEnvironment({ ...env, ...local, TORCHELASTIC_RESTART_COUNT: '3', GPTORCH_TIMEOUT: '60' })).toEqual({
      ...{ rank: 1, size: 4, address: 'a.example', port: 29_500, localRank: 1, localSize: 2 },
      ...{ timeout: 60, joinTimeout: undefined, storeIsRunning: true, name: '3' },
    });
  });

  it.each([
    [{ RANK: '4' }, 'RANK is "4"; allowed: whole numbers from 0 to 3'],
    [{ RANK: undefined }, 'RANK is missing; WORLD_SIZE is 4'],
    [{ MASTER_ADDR: undefined }, 'MASTER_ADDR is missing'],
    [{ MASTER_PORT: '70000' }, 'MASTER_PORT is "70000"'],
    [{ WORLD_SIZE: '-1' }, 'WORLD_SIZE is "-1"'],
    [{ LOCAL_RANK: '2', LOCAL_WORLD_SIZE: '2' }, 'LOCAL_RANK is "2"; allowed: whole numbers from 0 to 1'],
    [{ GPTORCH_TIMEOUT: 'soon' }, 'GPTORCH_TIMEOUT is "soon"; allowed: seconds above 0'],
  ])('names what is wrong: %j', (change, message) => {
    const read = () => readRankEnvironment({ ...env, ...change });
    expect(read).toThrow(InputError);
    expect(read).toThrow(`environment variable ${message}`);
  });
});

describe('ProcessGroup.join', () => {
  it.each([
    [{ rank: 2, size: 2 }, 'rank is 2; allowed: whole numbers from 0 to 1'],
    [{ rank: 0, size: 0 }, 'size is 0'],
    [{ rank: 0, size: 2, port: 0 }, 'port is 0'],
    [{ rank: 0, size: 2, timeout: -1 }, 'timeout is -1; allowed: seconds above 0'],
  ])('refuses %j', async (options, message) => {
    const joined = ProcessGroup.join(options);
    await expect(joined).rejects.toThrow(ArgumentError);
    await expect(joined).rejects.toThrow(message);
  });

  it('works alone, and refuses tensors that are no parameters', async () => {
    const { zeros } = await import('../../../lib/tensor/index.js');
    const { freePort } = await import('../../e2e/ranks/ranks.js');
    const group = await ProcessGroup.join({ rank: 0, size: 1, port: await freePort() });
    expect(await group.sum([1, 2])).toEqual([1, 2]);
    expect(await group.gather([3, 4, 5])).toEqual([[3, 4, 5]]);
    expect(await group.gather([])).toEqual([[]]);
    expect(() => group.reduceGradients([zeros([2])])).toThrow('a tensor in the list is no parameter');
    expect(() => group.broadcast([zeros([2])], { root: 1 })).toThrow('root must be within 0 and 0, not 1');
    await group.close();
    await expect(group.sum([1])).rejects.toThrow('the group was left');
  });
});
