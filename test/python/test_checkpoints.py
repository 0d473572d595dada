"""Opens with transformers what gptorch saved; needs `node` and a built dist/.

    python3 test/python/test_checkpoints.py [--verbose]
"""

import sys

import checkpoint_checks
import harness

if __name__ == "__main__":
    sys.exit(harness.run(checkpoint_checks.checks()))
