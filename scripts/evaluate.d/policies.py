"""Who decides where a turn runs. What the program has no mode for is decided here, turn by turn, and
carried out by its modes that leave no choice."""

import os
import time

AWAY, HERE = "remote-only", "local-only"


class Fixed:
    """Always the same mode of the program."""

    def __init__(self, mode):
        self.mode = mode

    def modes(self, _new):
        """Returns the modes to try for what is new of a prompt, one after the other until one answers."""
        return [self.mode]

    def learn(self, _mode, _turn):
        pass


class Threshold(Fixed):
    """To the endpoint where the prompt is long or the processors are busy; never anywhere else."""

    # New tokens of a prompt, and the share of the processors that is in use.
    LONG, BUSY = 512, 0.5

    def __init__(self, usage=None):
        self.usage = usage or processors_in_use

    def modes(self, new):
        # The history is taken for cached on the device: what counts is what is new.
        long = len(new) / 4 > self.LONG
        return [AWAY if long or self.usage() > self.BUSY else HERE]


class Latency(Fixed):
    """The lowest mean time to the first token of the last ten, as LiteLLM's router has it: its list
    keeps the newest, and a time is not divided by the answer's length. A route that failed rests for
    five seconds; the other one is tried at once, and that is the retry."""

    LAST, REST, FORGET = 10, 5.0, 3600.0

    def __init__(self, clock=time.monotonic):
        self.clock = clock
        self.past, self.rests = {AWAY: [], HERE: []}, {AWAY: 0.0, HERE: 0.0}

    def modes(self, _new):
        now = self.clock()

        def known(mode):
            recent = [ttft for at, ttft in self.past[mode] if now - at < self.FORGET]
            # What was never tried is tried first.
            mean = sum(recent) / len(recent) if recent else 0.0
            return (self.rests[mode] > now, mean)

        return sorted((AWAY, HERE), key=known)

    def learn(self, mode, turn):
        now = self.clock()
        if turn["answered"]:
            self.past[mode] = (self.past[mode] + [(now, turn["ttft"])])[-self.LAST:]
        else:
            self.rests[mode] = now + self.REST


POLICIES = {
    "cloud-only": lambda: Fixed(AWAY),
    "device-only": lambda: Fixed(HERE),
    "threshold": Threshold,
    "latency": Latency,
    "edgewise": lambda: Fixed("auto"),
    "prefer-local": lambda: Fixed("prefer-local"),
    "prefer-remote": lambda: Fixed("prefer-remote"),
}


def processors_in_use(seconds=0.2):
    """Returns the share of all processors that was in use for a moment; 0 where nobody tells."""
    try:
        before = _times()
        time.sleep(seconds)
        after = _times()
    except (OSError, ValueError, IndexError):
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    total = sum(after) - sum(before)
    idle = (after[3] + after[4]) - (before[3] + before[4])
    return 1 - idle / total if total else 0.0


def _times():
    with open("/proc/stat", encoding="ascii") as file:
        return [int(word) for word in file.readline().split()[1:9]]
