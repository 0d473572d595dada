/** Several processes that compute together, by libtorch's c10d. */

export { type RankEnvironment, readRankEnvironment } from './environment.js';
export { inOrder } from './in-order.js';
export { ProcessGroup, type ProcessGroupOptions } from './process-group.js';
export { inTurn, partOf, rangeOf, type Share, seedOfRank } from './share.js';
