"""An instance as a drill sees it."""


class Machine:
    def __init__(self, cloud, name, zone):
        self.cloud, self.name, self.zone = cloud, name, zone

    def __repr__(self):
        return f"{self.name} in {self.zone}"

    def do(self, what):
        """freeze, thaw, cut, mend, fill_disk, clear_disk, kill"""
        self.cloud.ask("lab/instance", {"id": self.name, "do": what})

    def run(self, *command, code=0):
        """What a command printed that ran there as root."""
        found = self.cloud.ask("lab/run", {"id": self.name, "command": list(command)})
        assert code is None or found["code"] == code, found
        return found["output"]
