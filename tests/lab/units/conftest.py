"""What needs no sandbox: the lab's rules as plain functions, and its services within the process."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "lab"), str(TESTS / "aws")]
