"""The control plane as a process of the tests'."""

import os
import subprocess
import sys
import time
from pathlib import Path

import requests

from . import addresses

CONTROL = "http://%s:%d" % addresses.CONTROL


class Cloud:
    """Runs while it is entered. It ends with the process that started it, however that ends."""

    def __init__(self, folder, base, minute=60):
        self.folder, self.base, self.minute = Path(folder), base, minute
        self.log = self.folder / "cloud.log"
        self.process = None

    def __enter__(self):
        command = [sys.executable, *os.environ.get("LAB_CLOUD", "-m lab.cloud").split(), "--folder", str(self.folder), "--base", str(self.base),
                   "--minute", str(self.minute)]  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if requests.get(f"{CONTROL}/_stage/ready", timeout=5).ok:
                    return self
            except requests.ConnectionError:
                time.sleep(0.05)
        self.__exit__()
        raise AssertionError(f"the control plane did not start:\n{self.log.read_text()[-4000:]}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, path, data=None):
        """`stage/…` or `lab/…`, posted where there are data."""
        method = "GET" if data is None else "POST"
        answer = requests.request(method, f"{CONTROL}/_{path}", json=data, timeout=120)
        assert answer.ok, answer.text
        return answer.json()
