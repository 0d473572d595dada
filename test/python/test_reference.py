"""Checks the parity fixtures themselves against the papers' formulas: a wrong reference would pass for parity.

    python3 test/python/test_reference.py [--verbose]
"""

import sys

import harness
import reference_checks
import task_checks
import trajectory_checks

if __name__ == "__main__":
    sys.exit(harness.run([*reference_checks.checks(), *task_checks.checks(), *trajectory_checks.checks()]))
