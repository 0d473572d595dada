/**
 * A B C A B C …: in each round every peer runs once, while the others wait.
 *
 * @param {readonly { ask(task: object): Promise<{ seconds: number, cpuSeconds: number, losses: number[] }> }[]} peers
 * @param {{ rounds: number, steps: number }} length
 * @param {(round: number) => void} [onRound]
 * @returns {Promise<{ stepSeconds: number[], stepCpuSeconds: number[], lastLoss: number }[]>} by peer; times by round
 */
export async function takeTurns(peers, { rounds, steps }, onRound = () => {}) {
  const results = peers.map(() => ({ stepSeconds: [], stepCpuSeconds: [], lastLoss: Number.NaN }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, peer] of peers.entries()) {
      const { seconds, cpuSeconds, losses } = await peer.ask({ steps });
      results[index].stepSeconds.push(seconds / steps);
      results[index].stepCpuSeconds.push(cpuSeconds / steps);
      results[index].lastLoss = losses.at(-1);
    }
    onRound(round);
  }
  return results;
}
