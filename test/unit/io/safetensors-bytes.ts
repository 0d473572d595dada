/** Safetensors files made by hand, whole and broken. */

/** A file of a header, as it is or as JSON, and a body of `body` zero bytes or of given ones. */
export function fileOf(header: unknown, body: number | Uint8Array): Buffer {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text), typeof body === 'number' ? Buffer.alloc(body) : body]);
}

/** A tensor in a header. */
export function entry(dtype: string, shape: unknown[], from: number, to: number) {
  return { dtype, shape, data_offsets: [from, to] };
}

/** XXH64 with seed 0, written apart from the library's (xxHash specification 0.1.1). */
export function xxh64(data: Uint8Array): bigint {
  const mask = (1n << 64n) - 1n;
  const [p1, p2, p3] = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n];
  const [p4, p5] = [0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n];
  const rotate = (x: bigint, n: bigint) => ((x << n) | (x >> (64n - n))) & mask;
  const times = (a: bigint, b: bigint) => (a * b) & mask;
  const round = (lane: bigint, word: bigint) => times(rotate((lane + times(word, p2)) & mask, 31n), p1);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  let hash = p5;
  if (data.length >= 32) {
    let lanes = [(p1 + p2) & mask, p2, 0n, (0n - p1) & mask];
    for (; at + 32 <= data.length; at += 32) {
      lanes = lanes.map((lane, i) => round(lane, view.getBigUint64(at + 8 * i, true)));
    }
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = (rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)) & mask;
    for (const lane of lanes) hash = (times(hash ^ round(0n, lane), p1) + p4) & mask;
  }
  hash = (hash + BigInt(data.length)) & mask;
  for (; at + 8 <= data.length; at += 8) {
    hash = (times(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n), p1) + p4) & mask;
  }
  if (at + 4 <= data.length) {
    hash = (times(rotate(hash ^ times(BigInt(view.getUint32(at, true)), p1), 23n), p2) + p3) & mask;
    at += 4;
  }
  for (; at < data.length; at++) hash = times(rotate(hash ^ times(BigInt(view.getUint8(at)), p5), 11n), p1);
  hash = times(hash ^ (hash >> 33n), p2);
  hash = times(hash ^ (hash >> 29n), p3);
  return hash ^ (hash >> 32n);
}
