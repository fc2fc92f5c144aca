"""Where the drills find the repository, the programs and the helpers of other tests."""

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAMS = Path(os.environ.get("SYNCCTL_TEST_BINARIES", REPOSITORY / "target/debug"))
sys.path.append(str(REPOSITORY / "tests/e2e"))
