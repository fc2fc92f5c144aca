"""The tests' own threads: one that meets what it did not expect makes its test fail."""

import pytest
from background import Background
from load import Ledger, Reader


class Broken(Background):
    def once(self):
        self.over.set()
        raise KeyError("nobody thought of this")


def test_a_thread_that_fails_makes_its_test_fail():
    with pytest.raises(AssertionError, match="nobody thought of this"), Broken():
        pass


def test_what_a_worker_did_not_expect_is_a_problem_of_the_run():
    class Surprised(Reader):
        def act(self):
            self.over.set()
            raise ValueError("half an answer")

    ledger = Ledger("space")
    worker = Surprised(None, ledger, "seed")
    worker.start()
    worker.join(10)
    assert not worker.is_alive()
    assert len(ledger.problems) == 1 and "half an answer" in ledger.problems[0]
