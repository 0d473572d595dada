// Saves a tensor of `numbers` ones, then of twos, threes … to `path`, `times` times, and says so.
//   node save.mjs path numbers times
import { ones, saveSafetensors } from '../../../dist/index.js';

const [path, numbers, times] = process.argv.slice(2);
// A file size limit would otherwise end the process before it can say anything.
process.on('SIGXFSZ', () => {});
const one = ones([Number(numbers)]);
for (let generation = 1; generation <= Number(times); generation++) {
  try {
    await saveSafetensors(path, [['x', one.mul(generation)]]);
    console.log(`saved ${generation}`);
  } catch (error) {
    console.log(`${error.code}: ${error.message}`);
  }
}
