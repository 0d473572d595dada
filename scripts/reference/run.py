"""npm run reference: makes the parity fixtures anew and compares them with the committed ones.

    python3 scripts/reference/run.py            compares; exits 1 and says what differs
    python3 scripts/reference/run.py --update   writes test/fixtures/parity
    python3 scripts/reference/run.py --report   says how far PyTorch in float32 is from the fixtures
"""

import argparse
import sys
import tempfile
from pathlib import Path

import environment

FIXTURES = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "parity"
LIMIT_BYTES = 4_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--update", action="store_true", help="write the fixtures instead of comparing")
    action.add_argument("--report", action="store_true", help="compare PyTorch's float32 with the fixtures")
    options = parser.parse_args()
    environment.ensure()
    _quiet()
    if options.report:
        from report import report

        report()
        return 0
    return _update() if options.update else _compare()


def _quiet() -> None:
    import torch
    import transformers

    # One thread: the order of additions is then always the same.
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def _compare() -> int:
    from compare import differences
    from sources import write_all

    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder))
        lines = differences(Path(folder), FIXTURES)
        count = sum(1 for _ in Path(folder).rglob("*.safetensors"))
    for line in lines:
        print(line)
    print(f"reference: {count} files of tensors made anew, {len(lines)} differences")
    return 1 if lines else 0


def _update() -> int:
    import shutil

    from compare import keep_equal
    from sources import write_all

    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder))
        keep_equal(Path(folder), FIXTURES)
        shutil.rmtree(FIXTURES, ignore_errors=True)
        shutil.copytree(folder, FIXTURES)
    size = sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file())
    print(f"reference: wrote {size / 1e6:.2f} MB")
    if size > LIMIT_BYTES:
        print(f"reference: that is more than {LIMIT_BYTES / 1e6:.0f} MB; make the cases smaller", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
