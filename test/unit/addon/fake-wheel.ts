import { crc32, deflateRawSync } from 'node:zlib';

/** A zip file in memory, deflated, as wheels are. */
export function makeZip(files: Record<string, string | Buffer>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const fields = Buffer.alloc(26); // version … extra length, the same in both headers
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const header = Buffer.concat([signature(0x04034b50), fields, Buffer.from(name)]);
    const rest = Buffer.alloc(14); // comment length … offset
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([signature(0x02014b50), Buffer.from([20, 0]), fields, rest, Buffer.from(name)]));
    local.push(header, packed);
    offset += header.length + packed.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, entries, signature(0x06054b50), end]);
}

function signature(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

const suffix = process.platform === 'darwin' ? 'dylib' : 'so';

/** A small wheel of torch, with further files; its libraries do not open. */
export function makeWheel(version: string, more: Record<string, string> = {}): Buffer {
  return makeZip({
    ...more,
    'torch/version.py': `__version__ = '${version}'\n`,
    'torch/include/ATen/ATen.h': '#pragma once\n',
    [`torch/lib/libc10.${suffix}`]: Buffer.alloc(200_000, 'c10 '),
    [`torch/lib/libtorch_cpu.${suffix}`]: Buffer.alloc(300_000, 'torch '),
    'torch/nn/__init__.py': 'not kept',
    'torch/share/cmake/Torch/TorchConfig.cmake': '',
  });
}
