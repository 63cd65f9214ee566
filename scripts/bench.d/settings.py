"""What the settings of `[profiles.NAME.compute]` cost and bring: every one beside the default."""

import os
import sys
import time
from statistics import median

import machine
import rows_memory
import words
from edgewise import Edgewise
from failure import CannotRun

ROUNDS, QUICK_ROUNDS = 5, 2
TOKENS, DEPTH = 64, 2048

VARIANTS = (
    ("default", ""),
    ("flash_attention off", 'flash_attention = "off"'),
    ("cache q8_0", 'cache_type_k = "q8_0"\ncache_type_v = "q8_0"'),
    ("cache q4_0", 'cache_type_k = "q4_0"\ncache_type_v = "q4_0"'),
    ("cache f32", 'cache_type_k = "f32"\ncache_type_v = "f32"'),
    ("mmap false", "mmap = false"),
    ("repack false", "repack = false"),
)
COLUMNS = ("cold first token, ms", f"prefill {DEPTH}, tok/s", "decode at 0, tok/s",
           f"decode at {DEPTH}, tok/s", "engine's own memory, MB")


def measure(binary, model, lines, index):
    """Returns the figures of one round: a cold call, a prefill, decode twice, memory."""
    compute = f"[profiles.bench.compute]\n{lines}\n" if lines else ""
    with Edgewise(binary, model, 4096, compute) as edgewise:
        cold = edgewise.ask(words.asking_long(f"cold {index}", 30), 2)
        long = edgewise.ask(words.asking_long(f"deep {index}", DEPTH), TOKENS)
        short = edgewise.ask(words.asking_long(f"short {index}", 30), TOKENS)
        memory = rows_memory.of(edgewise.engine())
    return (cold.ttft() * 1e3, long.timings["prefill_tps"], short.timings["decode_tps"],
            long.timings["decode_tps"], memory)


def table(found):
    """Returns the medians as a Markdown table, each with its ratio to the first line's."""
    first = [median(column) for column in zip(*found[0][1])]
    yield f"| setting | {' | '.join(COLUMNS)} |"
    yield "|---|" + "---|" * len(COLUMNS)
    for name, rounds in found:
        middle = [median(column) for column in zip(*rounds)]
        cells = [f"{value:.0f} ({value / base:.2f})" for value, base in zip(middle, first)]
        yield f"| {name} | {' | '.join(cells)} |"


def run(options):
    """Measures all variants in turn, several rounds, and prints the table."""
    load = machine.Load((os.path.realpath(options.binary),))
    begun, before = time.monotonic(), load.mark()
    found = [(name, []) for name, _ in VARIANTS]
    for index in range(QUICK_ROUNDS if options.quick else ROUNDS):
        for (name, lines), (_, rounds) in zip(VARIANTS, found):
            try:
                rounds.append(measure(options.binary, options.model, lines, index))
            except CannotRun as error:
                print(f"edgewise: {name}: could not run: {error}", file=sys.stderr)
                return 1
            print(f"edgewise: {name}: {' '.join(f'{x:.0f}' for x in rounds[-1])}", file=sys.stderr)
    print(f"{os.path.basename(options.model)}, {len(found[0][1])} rounds in turn, "
          f"{time.monotonic() - begun:.0f} s; medians, in brackets over the default's\n")
    print("\n".join(table(found)))
    waited = load.between(before, load.mark())["psi"]
    print(f"\nSomething waited for a processor {'unknown' if waited is None else f'{waited:.0%}'} "
          "of the time.")
    return 0
