"""Measures edgewise beside llama.cpp's own tools. scripts/bench builds both and runs this."""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import time

import machine
import settings
import table
from edgewise import Edgewise
from failure import CannotRun
from llama import Llama
from rows import chosen

ROUNDS, QUICK_ROUNDS = 5, 1
MOST_ROUNDS = 100
# A row begins no further round after this many seconds: a crowded machine may need minutes for one.
ROW_SECONDS, QUICK_ROW_SECONDS = 150, 15


class Bench:
    """What the rows measure with."""

    def __init__(self, options, load):
        self.quick, self.model, self.binary = options.quick, options.model, options.binary
        self.most = QUICK_ROUNDS if options.quick else options.rounds
        # Rows that were asked for by their names are never left out.
        self.named = bool(options.rows)
        self.threads = machine.describe()["cores"]
        self.thread_counts = sorted({1, max(1, self.threads // 2), self.threads})
        self.llama = Llama(options.peers, self.model, options.without_peers)
        self.load = load
        self.edgewise = Edgewise(self.binary, self.model, ending=load.keep)
        self.notes, self.found = [], {}

    def edgewise_with(self, n_ctx):
        """Returns an edgewise whose sessions hold `n_ctx` tokens, for a `with`."""
        return Edgewise(self.binary, self.model, n_ctx, ending=self.load.keep)

    def best(self, kind, **work):
        """Returns llama-bench's best threads and flash attention; --quick asks once for a `kind`."""
        if not (self.quick and kind in self.found):
            self.found[kind] = self.llama.best(self.thread_counts, **work)
        return self.found[kind]

    def rounds(self, warm=1, most=MOST_ROUNDS):
        """Counts the rounds of a row; the first `warm` are measured and not counted."""
        self.uncounted = 0 if self.quick else warm
        counted = min(most, self.most)
        until = time.monotonic() + (QUICK_ROW_SECONDS if self.quick else ROW_SECONDS)
        for index in range(counted + self.uncounted):
            if index > self.uncounted and time.monotonic() > until:
                return self.note(f"{index - self.uncounted} rounds: the time was up")
            yield index

    def note(self, text):
        """Keeps what the record should say of a row."""
        self.notes.append(text)


def measure(bench, row, load):
    """Runs all rounds of a row; whatever fails becomes the reason why it has no figures."""
    bench.notes, bench.uncounted = [], 0
    begun, before = time.monotonic(), load.mark()
    pairs, outcome = [], {}
    try:
        if bench.quick and row.slow and not bench.named:
            raise CannotRun(f"left out by --quick; --rows {row.name} takes it in")
        for pair in row.measure(bench):
            pairs.append(pair)
            say(f"{row.name}: {pair[0]:.1f} and {pair[1]:.1f} {row.unit}")
        pairs = pairs[bench.uncounted:]
        outcome["edgewise"], outcome["peer"] = ([pair[side] for pair in pairs] for side in (0, 1))
    except (CannotRun, OSError, EOFError, ValueError, KeyError, subprocess.SubprocessError) as error:
        outcome["reason"] = " ".join(str(error).split())[:200] or type(error).__name__
        say(f"{row.name}: could not run: {error}")
    outcome["load"] = load.between(before, load.mark())
    outcome["seconds"] = round(time.monotonic() - begun, 1)
    outcome["notes"] = bench.notes
    return outcome


def roofline(model, threads):
    """Returns the memory's bandwidth and the decode that it allows at some depths."""
    speed = machine.bandwidth(threads)
    weights, cell = os.path.getsize(model), machine.kv_bytes_per_token(model)
    limits = {depth: speed / (weights + depth * cell) for depth in (0, 512, 2048)} if cell else {}
    return {"bytes_per_second": speed, "weights": weights, "kv_bytes_per_token": cell, "tok_s": limits}


def words_of(roof):
    read = f"Roofline: {roof['bytes_per_second'] / 1e9:.1f} GB/s of memory over {roof['weights'] / 1e6:.0f} MB of weights"
    if not roof["tok_s"]:
        return f"{read}; the cache's size is unknown."
    limits = ", ".join(f"{rate:.0f} at {depth}" for depth, rate in roof["tok_s"].items())
    return f"{read} and {roof['kv_bytes_per_token']} bytes of cache a token: decode of at most {limits} tok/s."


def report(options, bench, found, roof, seconds, whole):
    """Prints the table and writes the record."""
    facts = machine.describe()
    share = lambda value: "unknown" if value is None else f"{value:.0%}"
    today = datetime.date.today().isoformat()
    lines = [table.line(row, outcome) for row, outcome in found]
    print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB, {facts['kernel']}; "
          f"{os.path.basename(bench.model)}; {today}; {seconds:.0f} s\n")
    print(table.markdown(lines))
    print(f"\n{words_of(roof)}")
    print(f"Load meanwhile: others used {share(whole['others'])} of the processors, something waited "
          f"for one {share(whole['psi'])} of the time, load average {whole['loadavg']}.")
    print("\nHow each row is taken:")
    for row, _ in found:
        print(f"- {row.name}: {row.how}")
    if options.json:
        record = {"date": today, "machine": facts, "model": os.path.basename(bench.model),
                  "quick": options.quick, "seconds": round(seconds), "roofline": roof, "load": whole,
                  "rows": [{"name": row.name, "work": row.work, "peer": row.peer, "unit": row.unit,
                            "reach": row.reach, "how": row.how, **outcome,
                            **({} if outcome.get("reason") else {
                                "ratio": table.ratio(outcome),
                                "reached": row.reached(table.ratio(outcome))})}
                           for row, outcome in found]}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
            file.write("\n")


def say(line):
    print(f"edgewise: {line}", file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("--binary", "--model", "--peers", "--without-peers", "--rows", "--json"):
        parser.add_argument(name, default="")
    for name in ("--quick", "--check", "--list", "--settings"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--rounds", type=rounds, default=ROUNDS)
    return parser.parse_args()


def rounds(text):
    """Reads a number of rounds."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_ROUNDS:
        return int(text)
    raise argparse.ArgumentTypeError(f"not 1 to {MOST_ROUNDS}: {text}")


ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt(number, _frame):
    """An end by a signal is an end by an exception: what was started is ended, and only once."""
    for other in ENDS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def main():
    options = arguments()
    try:
        rows = chosen(options.rows)
    except ValueError as error:
        say(error)
        return 1
    if options.list:
        for row in rows:
            print(f"{row.name:16} {row.work}, beside {row.peer}")
    if options.check or options.list:
        return 0
    for number in ENDS:
        signal.signal(number, interrupt)
    if options.settings:
        return settings.run(options)
    load = machine.Load((os.path.realpath(options.binary), os.path.realpath(options.peers)))
    bench = Bench(options, load)
    begun, before, found, ended = time.monotonic(), load.mark(), [], 0
    with bench.edgewise:
        roof = roofline(bench.model, bench.threads)
        say(words_of(roof))
        try:
            for row in rows:
                found.append((row, measure(bench, row, load)))
        except SystemExit as end:
            # What was measured until then is still told.
            ended = end.code
            say("interrupted")
    report(options, bench, found, roof, time.monotonic() - begun, load.between(before, load.mark()))
    return ended


if __name__ == "__main__":
    sys.exit(main())
