"""Checks the operators of libgptorch_ops.so with PyTorch's own tools (opcheck, gradcheck) and against plain PyTorch.

    python3 test/python/test_ops.py [--library FILE] [--cuda-library FILE --device cuda] [--only NAME …] [--verbose]

FILE is build/Release/libgptorch_ops.so by default. The Python's torch must be the libtorch it was built with.
"""

import argparse
import sys
from pathlib import Path

import torch

import harness

DEFAULT = Path(__file__).resolve().parents[2] / "build" / "Release" / "libgptorch_ops.so"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=DEFAULT)
    parser.add_argument("--cuda-library", type=Path, help="libgptorch_ops_cuda.so")
    parser.add_argument("--device", type=torch.device, default=harness.device, help="where the operators compute")
    parser.add_argument("--verbose", action="store_true", help="whole tracebacks")
    parser.add_argument("--only", nargs="+", help="operators, such as gelu_tanh; default: all")
    options = parser.parse_args()
    for library in filter(None, (options.library, options.cuda_library)):
        if not library.is_file():
            print(f"test_ops: {library} is missing; run: npm run build", file=sys.stderr)
            return 1
        torch.ops.load_library(library.resolve())
    harness.device = options.device

    import block_attention_checks
    import causal_attention_checks
    import dropout_checks
    import gelu_tanh_checks
    import instruction_set_checks
    import linear_cross_entropy_checks
    import matrix_product_checks
    import packed_product_checks

    modules = [linear_cross_entropy_checks, dropout_checks, gelu_tanh_checks, matrix_product_checks, block_attention_checks]
    if options.device.type == "cpu":
        modules += [causal_attention_checks, packed_product_checks, instruction_set_checks]
    else:
        print("skipped causal_attention, packed_product, row_norm, instruction_set: they are the CPU's alone")
    wanted = [f"{name}_checks" for name in options.only or []]
    chosen = [module for module in modules if not wanted or module.__name__ in wanted]
    return harness.run([check for module in chosen for check in module.checks()])


if __name__ == "__main__":
    sys.exit(main())
