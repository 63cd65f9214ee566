"""Rates of decode and prefill."""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

import words

TOKENS = 64


def decode(bench, depth):
    """Generates TOKENS tokens behind a prompt of about `depth` tokens."""
    prompt = words.asking_long(f"decode {depth}", depth)
    # The peer gets the depth that the prompt really has, template included.
    real = bench.edgewise.ask(prompt, 2).usage["prompt_tokens"]
    threads, flash = bench.best("decode", p=0, n=TOKENS, d=real)
    bench.note(f"depth {real} on both sides; llama-bench -t {threads} -fa {flash}")
    for index in bench.rounds():
        # A first word of its own: nothing of the prompt is cached.
        prompt = words.asking_long(f"decode {depth} {index}", depth)
        ours = bench.edgewise.ask(prompt, TOKENS).decode_tps()
        test = bench.llama.bench([threads], [flash], p=0, n=TOKENS, d=real)
        yield ours, test[0]["avg_ts"]


SCHEMA = {
    "type": "object", "required": ["people"],
    "properties": {"people": {"type": "array", "minItems": 40, "items": {
        "type": "object", "required": ["name", "age", "town"], "properties": {
            "name": {"type": "string"}, "age": {"type": "integer"}, "town": {"type": "string"}}}}},
}


def schema(bench):
    """Generates under a schema, and the same prompt without."""
    tokens = TOKENS * 2
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(SCHEMA, file)
        file.flush()
        for index in bench.rounds():
            prompt = f"{words.prose(f'schema {index}', 40)} Tell of forty people with name, age and town."
            ours = bench.edgewise.ask(prompt, tokens, "--schema", file.name)
            yield ours.timings["decode_tps"], bench.edgewise.ask(prompt, tokens).timings["decode_tps"]


def prefill(bench, tokens):
    """Evaluates a prompt of about `tokens` tokens of which nothing is cached."""
    # The template's own tokens come on top.
    length = tokens - 32
    real = bench.edgewise.ask(words.asking_long(f"prefill {tokens}", length), 1).usage["prompt_tokens"]
    threads, flash = bench.best("prefill", p=real, n=0)
    bench.note(f"{real} tokens on both sides; llama-bench -t {threads} -fa {flash}")
    for index in bench.rounds():
        answer = bench.edgewise.ask(words.asking_long(f"prefill {tokens} {index}", length), 1)
        test = bench.llama.bench([threads], [flash], p=real, n=0)
        yield answer.timings["prefill_tps"], test[0]["avg_ts"]


def beside_hogs(bench, count):
    """Generates while `count` other programs want a processor each."""
    tokens = TOKENS * 2
    with bench.llama.server(c=4096, np=1) as server, hogs(count):
        bench.note("llama-server with its own number of threads")
        for index in bench.rounds():
            prompt = words.asking_long(f"hogs {index}", 40)
            ours = bench.edgewise.ask(prompt, tokens).decode_tps(after=0.5)
            reply = server.chat([{"role": "user", "content": prompt}], tokens)
            yield ours, reply.decode_tps(after=0.5)


@contextmanager
def hogs(count):
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(1)
        yield
    finally:
        for hog in running:
            hog.kill()
            hog.wait()
