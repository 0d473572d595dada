"""Checks the PyTorch peer of the fine-tuning benchmark against the parity fixtures: it must do the same thirty steps.

    python3 test/python/test_finetune_peer.py [--verbose]
"""

import sys
from pathlib import Path

import harness

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "bench" / "peers"))

if __name__ == "__main__":
    import peer_checks

    sys.exit(harness.run(peer_checks.checks()))
