"""Plays dialogues through the program over emulated networks, beside baselines. scripts/evaluate
builds what it needs and runs this."""

import argparse
import contextlib
import datetime
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import cells
import chart
import documents
import report
from link import WANS
from policies import AWAY, HERE, POLICIES
from program import Program

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench.d"))
import machine  # noqa: E402  (what the benchmark knows of the machine)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DIALOGUES, QUICK_DIALOGUES = 20, 4
DEFAULT_POLICIES = "cloud-only,device-only,threshold,latency,edgewise"


class Bench:
    """What the cells are played with; cells that are there already are not played again."""

    def __init__(self, options, stack):
        self.binary, self.model = options.binary, options.model
        self.stack, self.kept, self.others = stack, {}, []
        what = self.conditions(options)
        # What one program did is not mixed with what another one does, or under other conditions.
        name = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]
        self.out = f"{options.out}/{name}"
        os.makedirs(f"{self.out}/cells", exist_ok=True)
        self.once("what", lambda: what)

    @staticmethod
    def conditions(options):
        """Returns what a cell depends on."""
        here = os.path.dirname(os.path.abspath(__file__))
        names = ("cells", "documents", "link", "policies", "program", "replay")
        what = {"binary": digest(options.binary), "model": digest(options.model),
                "dialogues": digest(options.dialogues),
                "conditions": digest(*(f"{here}/{name}.py" for name in names))}
        if options.documents:
            what["documents"] = digest(*(f"{ROOT}/{name}" for name in documents.SOURCES))
        return what

    def kept_for(self, kind, key, make):
        if (kind, key) not in self.kept:
            self.kept[kind, key] = make()
        return self.kept[kind, key]

    def policy(self, name, wan):
        return self.kept_for("policy", (name, wan), POLICIES[name])

    @contextlib.contextmanager
    def program(self, name, wan, port):
        """Lends the program of a policy and a network: what it learned it keeps for them."""
        def make():
            # Kept, so that a run that goes on has learned what it had learned.
            data = f"{self.out}/learned/{wan}-{name}"
            os.makedirs(data, mode=0o700, exist_ok=True)
            program = self.stack.enter_context(Program(self.binary, self.model, port, data))
            if name != "cloud-only":
                program.warm()
            return program
        yield self.kept_for("program", (name, wan), make)

    def recorded(self, dialogue):
        """Returns a dialogue's answers, played undisturbed on the device, once for all policies."""
        return self.once(f"record-{cells.name_of(dialogue)}", lambda: cells.record(self, dialogue))

    def has(self, name):
        return os.path.exists(f"{self.out}/cells/{name}.json")

    def once(self, name, make):
        path = f"{self.out}/cells/{name}.json"
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        made = make()
        # Whole or not at all: a run that is broken off leaves no half of a cell.
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(made, file)
        os.replace(f"{path}.new", path)
        return made


def play_all(bench, far, options):
    """Plays what is missing; returns the turns of each network and policy."""
    found, load = {}, machine.Load((os.path.realpath(bench.binary), os.path.realpath(sys.executable)))
    library = documents.library(ROOT) if options.documents else None
    dialogues = cells.dialogues(options.dialogues, options.count, library)
    # Side by side, so that what else the machine does meets all policies alike.
    plan = [(f"{wan}-{policy}-{cells.name_of(dialogue)}", wan, policy, dialogue)
            for wan in options.wans for dialogue in dialogues for policy in options.policies]
    left, played, begun = sum(not bench.has(name) for name, *_ in plan), 0, time.monotonic()
    say(f"{len(plan)} cells, {left} to play; they are kept in {bench.out}")
    for name, wan, policy, dialogue in plan:
        def make(wan=wan, policy=policy, dialogue=dialogue):
            before = load.mark()
            turns = cells.play(bench, far, policy, wan, dialogue)
            return {"turns": turns, "load": load.between(before, load.mark())}
        known = bench.has(name)
        made = bench.once(name, lambda make=make, name=name: twice(make, name))
        bench.others.append(made["load"]["others"])
        turns = made["turns"]
        for index, turn in enumerate(turns):
            turn.update(dialogue=dialogue.identity, index=index)
            if known:
                mode = AWAY if turn["route"] == "remote" else HERE
                bench.policy(policy, wan).learn(mode, turn)
        found.setdefault(wan, {}).setdefault(policy, []).extend(turns)
        if not known:
            left, played = left - 1, played + 1
            minutes = (time.monotonic() - begun) / played * left / 60
            say(f"{name}: {words(turns)}; {left} to go, about {minutes:.0f} min")
    return found


def twice(make, name):
    """Plays a cell, and once more if something broke that is not the program's to answer for."""
    try:
        return make()
    except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
        say(f"{name} broke ({error}); once more")
        return make()


def digest(*paths):
    """Returns a hash of what files hold."""
    whole = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                whole.update(piece)
    return whole.hexdigest()


def words(turns):
    return ", ".join(f"{turn['route'] or 'nowhere'} {turn['total'] or 0:.1f} s"
                     + ("" if turn["answered"] else f" lost ({turn['reason']})") for turn in turns)


def print_report(options, found, others, seconds):
    facts = machine.describe()
    brought = ", every second one with a document" if options.documents else ""
    print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB, {facts['kernel']}; "
          f"{os.path.basename(options.model)}; {datetime.date.today().isoformat()}; "
          f"{options.count} dialogues{brought}; {seconds:.0f} s\n")
    for wan, by_policy in found.items():
        facts, turns = WANS[wan], next(iter(by_policy.values()))
        met = sum(turn["outage"] is not None for turn in turns)
        print(f"**{wan}**: {facts['rtt'] * 1000:.0f} ms round trip, {facts['loss']:.0%} loss, "
              f"{facts['tail']:.0%} of the pieces queued, an outage in {met} of {len(turns)} turns of "
              f"each policy; {sum(map(len, by_policy.values()))} turns\n")
        print(report.table(by_policy), end="\n\n")
        for line in report.reached(by_policy):
            print(f"- {line}")
        print()
    known = sorted(share for share in others if share is not None)
    if known:
        print(f"Load meanwhile: others than this evaluation used {known[len(known) // 2]:.0%} of the "
              f"processors in the median cell, {known[-1]:.0%} in the worst.")
    if options.svg:
        with open(options.svg, "w", encoding="utf-8") as file:
            file.write(chart.svg(found))


def say(line):
    print(f"edgewise: {line}", file=sys.stderr, flush=True)


def listed(text, known, what):
    names = [name for name in text.split(",") if name]
    for name in names:
        if name not in known:
            raise ValueError(f"no {what} `{name}`: {', '.join(known)}")
    if not names:
        raise ValueError(f"no {what} is named")
    return names


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("--binary", "--model", "--dialogues", "--out", "--svg"):
        parser.add_argument(name, default="")
    parser.add_argument("--wans", default=",".join(WANS))
    parser.add_argument("--policies", default=DEFAULT_POLICIES)
    parser.add_argument("--count", type=int, default=0)
    for name in ("--quick", "--documents", "--check"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    options.wans = listed(options.wans, WANS, "network")
    options.policies = listed(options.policies, POLICIES, "policy")
    options.count = options.count or (QUICK_DIALOGUES if options.quick else DIALOGUES)
    if options.count < 1:
        raise ValueError("--count needs a number from 1 on")
    if not os.path.isfile(options.dialogues):
        raise ValueError(f"no file of dialogues: {options.dialogues or '--dialogues names none'}")
    return options


def interrupt(number, _frame):
    """An end by a signal is an end by an exception: what was started is ended."""
    sys.exit(128 + number)


def main():
    try:
        options = arguments()
    except ValueError as error:
        say(error)
        return 1
    if options.check:
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        bench = Bench(options, stack)
        # What was learned of an endpoint holds for its address.
        wished = bench.once("port", lambda: 0) if bench.has("port") else 0
        far = stack.enter_context(cells.Far(wished))
        bench.once("port", lambda: far.port)
        found = play_all(bench, far, options)
    print_report(options, found, bench.others, time.monotonic() - begun)
    return 0


if __name__ == "__main__":
    sys.exit(main())
