"""What may go wrong in a week, chosen by a seed. Each fault does its harm and says what it did.

A fault that stops everything brings it up again itself; all else is for the service to heal.
"""

import os
import signal
import subprocess
import time

BAKE = "1s"


class Fault:
    """One draw: the world it happens in, and the numbers that decide what exactly happens."""

    def __init__(self, world, rng):
        self.world, self.rng, self.service = world, rng, world.service

    def pids(self, name):
        """Of the part as it was seen last: `servers`, or one name."""
        status = self.world.status
        parts = status["servers"] if name == "servers" else [status[name]]
        return [part["pid"] for part in parts if part.get("pid")]

    def kill(self, *pids):
        for pid in pids:
            if self.world.owns(pid):
                os.kill(pid, signal.SIGKILL)

    def wait(self, least, most):
        """A random moment is the point of it."""
        time.sleep(self.rng.uniform(least, most))

    def syncctl(self, *words, codes=(0,)):
        done = self.service.run("syncctl", *words, check=False, timeout=400)
        if done.returncode not in codes:
            raise AssertionError(f"syncctl {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def other_build(self):
        """A good build that does not serve at present."""
        serving = self.world.build
        self.world.build = self.rng.choice([name for name in ("one", "two", "three") if name != serving])
        return self.world.releases.good_build(self.world.build)

    # Deaths

    def kill_server(self):
        pid = self.rng.choice(self.pids("servers"))
        self.kill(pid)
        return f"killed server process {pid}"

    def kill_two_servers(self):
        pids = self.rng.sample(self.pids("servers"), 2)
        self.kill(*pids)
        return f"killed two server processes {pids}"

    def kill_all_servers(self):
        self.kill(*self.pids("servers"))
        return "killed every server"

    def kill_engines(self):
        self.kill(*self.pids("engines"))
        return "killed the engines"

    def kill_balancer(self):
        self.kill(*self.pids("balancer"))
        return "killed the balancer"

    def kill_supervisor(self):
        self.kill(*self.pids("supervisor"))
        return "killed the supervisor"

    def kill_supervisor_and_another(self):
        other = self.rng.choice(["servers", "engines", "balancer"])
        self.kill(*self.pids("supervisor"), self.rng.choice(self.pids(other)))
        return f"killed the supervisor and one of {other}"

    def kill_everything(self):
        names = ["supervisor", "balancer", "engines", "servers"]
        self.rng.shuffle(names)
        for name in names:
            self.kill(*self.pids(name))
        self.kill(*[pid for pid in self.service.processes() if self.world.owns(pid)])
        self.syncctl("up")
        self.world.build = None
        return f"killed everything ({', '.join(names)}), then up"

    # Freezes

    def freeze(self, name, seconds, pids):
        for pid in pids:
            if self.world.owns(pid):
                os.kill(pid, signal.SIGSTOP)
        if seconds is None:
            # Until it is noticed everything looks well.
            self.world.condemned = pids
            return f"froze {name} for good"
        time.sleep(seconds)
        for pid in pids:
            if self.world.owns(pid):
                os.kill(pid, signal.SIGCONT)
        return f"froze {name} for {seconds:.2f} s"

    def freeze_server(self):
        return self.freeze("a server", self.rng.uniform(0.1, 3), [self.rng.choice(self.pids("servers"))])

    def freeze_balancer(self):
        return self.freeze("the balancer", self.rng.uniform(0.1, 2), self.pids("balancer"))

    def freeze_engines(self):
        return self.freeze("the engines", self.rng.uniform(0.1, 2), self.pids("engines"))

    def freeze_supervisor(self):
        victims = self.pids("supervisor")
        other = self.rng.choice(self.pids("servers"))
        os.kill(victims[0], signal.SIGSTOP)
        self.kill(other)
        return "killed a server while " + self.freeze("the supervisor", self.rng.uniform(0.1, 2), victims)

    def freeze_supervisor_until_up(self):
        text = self.freeze("the supervisor", None, self.pids("supervisor"))
        self.syncctl("up")
        self.world.build = None
        return text + ", then up"

    def freeze_server_for_good(self):
        return self.freeze("a server", None, [self.rng.choice(self.pids("servers"))])

    def freeze_balancer_for_good(self):
        return self.freeze("the balancer", None, self.pids("balancer"))

    def freeze_engines_for_good(self):
        return self.freeze("the engines", None, self.pids("engines"))

    # Releases

    def roll_good(self):
        build = self.other_build()
        self.syncctl("roll", "--release", build, "--bake", BAKE)
        return f"rolled to {build.name}"

    def roll_bad(self):
        releases, before = self.world.releases, self.world.status["release"]
        kinds = [releases.crashes_at_start, releases.cannot_be_executed, lambda: releases.crashes_after(2)]
        bad = self.rng.choice(kinds)()
        self.syncctl("roll", "--release", bad, "--bake", "6s", codes=(70,))
        self.world.settle()
        assert self.world.status["release"] == before, "the release before is back"
        return f"rolled to {bad.name}, which was undone"

    def roll_never_ready(self):
        releases = self.world.releases
        bad = self.rng.choice([releases.never_ready, releases.answers_health_only])()
        self.syncctl("roll", "--release", bad, "--bake", BAKE, codes=(70,))
        return f"rolled to {bad.name}, which was undone"

    def rollback(self):
        self.world.build = None
        # 66: where nothing was rolled yet there is nothing to go back to.
        done = self.syncctl("rollback", "--bake", BAKE, codes=(0, 66))
        return f"rolled back (exit code {done.returncode})"

    def harm_during_roll(self):
        build = self.other_build()
        victim = self.rng.choice(["servers", "engines", "balancer", "supervisor"])
        pid = self.rng.choice(self.pids(victim))
        rolling = self.service.start("syncctl", "roll", "--release", build, "--bake", BAKE)
        self.wait(0, 3)
        self.kill(pid)
        return f"rolled to {build.name} and killed one of {victim} meanwhile: {self.end_of(rolling)}"

    def kill_running_roll(self):
        build = self.other_build()
        return f"rolling to {build.name}, " + self.killed_on_its_way("roll", "--release", build, "--bake", BAKE)

    # Commands

    def up(self):
        self.world.build = None
        self.syncctl("up")
        return "up"

    def down_and_up(self):
        self.world.build = None
        self.syncctl("down")
        self.syncctl("up")
        return "down, then up"

    def two_ups(self):
        self.world.build = None
        if self.rng.random() < 0.3:
            self.syncctl("down")
        ups = [self.service.start("syncctl", "up") for _ in range(2)]
        return "two up at once: " + ", ".join(self.end_of(up) for up in ups)

    def kill_running_up(self):
        self.world.build = None
        stopped = self.rng.random() < 0.5
        if stopped:
            self.syncctl("down")
        text = self.killed_on_its_way("up")
        self.syncctl("up")
        return ("down, " if stopped else "") + text + ", then up"

    def lose_zone(self):
        zone = self.rng.choice("abc")
        self.syncctl("drill", "zone", zone, "--for", "1s", "--rate", "20")
        return f"drill: lost zone {zone}"

    def drill_instance(self):
        self.syncctl("drill", "instance", "--rate", "20")
        return "drill: lost a server"

    def killed_on_its_way(self, *words):
        command = self.service.start("syncctl", *words)
        begun = time.monotonic()
        try:
            command.wait(self.rng.uniform(0, 2.5))
            text = f"exit code {command.returncode} before it was killed"
        except subprocess.TimeoutExpired:
            command.kill()
            text = f"killed after {time.monotonic() - begun:.2f} s"
        command.communicate()
        return f"{words[0]} {text}"

    def end_of(self, command):
        output = command.communicate(timeout=400)
        # 70 is for the gate to decide when harm comes from outside; anything else is a fault of ours.
        if command.returncode not in (0, 70):
            raise AssertionError(f"exit code {command.returncode}\n{''.join(output)}")
        return f"exit code {command.returncode}"


# How often each is drawn. What takes the service long to notice is rare, so that a week stays short.
WEIGHTS = {
    Fault.kill_server: 20,
    Fault.kill_two_servers: 10,
    Fault.kill_all_servers: 5,
    Fault.kill_engines: 9,
    Fault.kill_balancer: 9,
    Fault.kill_supervisor: 8,
    Fault.kill_supervisor_and_another: 6,
    Fault.kill_everything: 5,
    Fault.freeze_server: 6,
    Fault.freeze_balancer: 4,
    Fault.freeze_engines: 4,
    Fault.freeze_supervisor: 3,
    Fault.freeze_supervisor_until_up: 2,
    Fault.freeze_server_for_good: 1,
    Fault.freeze_balancer_for_good: 0.5,
    Fault.freeze_engines_for_good: 0.2,
    Fault.roll_good: 3,
    Fault.roll_bad: 3,
    Fault.roll_never_ready: 0.2,
    Fault.rollback: 2,
    Fault.harm_during_roll: 3,
    Fault.kill_running_roll: 3,
    Fault.up: 3,
    Fault.down_and_up: 3,
    Fault.two_ups: 3,
    Fault.kill_running_up: 4,
    Fault.lose_zone: 1.5,
    Fault.drill_instance: 1,
}
