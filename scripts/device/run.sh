#!/usr/bin/env bash
# All that a machine with a GPU has to show, from a checkout without npm and without network: builds with plain cmake against that
# machine's torch, then parity, the operators under PyTorch's checks and compute-sanitizer, and benchmarks beside compiled PyTorch.
#   scripts/device/run.sh [--device cuda] [--out FOLDER] [--minutes 9] [--addon FOLDER] [--tiny]
# Needs cmake, ninja, a C++ compiler, python3 with a CUDA build of torch, nvcc, and build/device-pack.tar.xz, which
# `npm run device:pack` makes elsewhere. Where Node and node_modules are there already, they are used.
set -euo pipefail
cd "$(dirname "$0")/../.."

pack=${GPTORCH_DEVICE_PACK:-build/device-pack.tar.xz}
if ! command -v node >/dev/null || [[ ! -d node_modules || ! -d dist ]]; then
  if [[ ! -f $pack ]]; then
    echo "run.sh: there is no Node with node_modules/ and dist/, and no $pack; make it elsewhere with: npm run device:pack" >&2
    exit 2
  fi
  unpacked=build/device-pack
  mkdir -p "$unpacked"
  # python3 is needed anyway; xz may not be there.
  python3 - "$pack" "$unpacked" <<'PYTHON'
import sys, tarfile
with tarfile.open(sys.argv[1]) as pack:
    pack.extractall(sys.argv[2], filter="tar")
PYTHON
  [[ -e node_modules ]] || ln -s "$unpacked/node_modules" node_modules
  [[ -e dist ]] || ln -s "$unpacked/dist" dist
  export PATH="$PWD/$unpacked/bin:$PATH"
fi
exec node scripts/device/run.mjs "$@"
