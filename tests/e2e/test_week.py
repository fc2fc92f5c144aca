"""An hour of the week that `make week` simulates: faults of every kind under load, and nothing is lost.

I2 (no lost write), I4 (no half file), I10 (dense journal), HA-6 (whatever dies is replaced), DP-2 (bad releases go).
"""

import os

from week import Week

FAULTS = 25
SEED = os.environ.get("SYNCCTL_TEST_SEED", "20261120")


def test_the_group_comes_back_from_random_faults_and_loses_nothing(tmp_path):
    week = Week(tmp_path / "service", SEED)
    try:
        week.start()
        week.run(FAULTS, audit_every=10)
    except BaseException:
        print(week.last_activities())
        raise
    finally:
        week.close()
    # At the least so many in that time, whatever the machine: a week without load proves nothing.
    assert len(week.load.ledger.acknowledged) > FAULTS, week.summary()
