"""What scripts do: many short calls, many prompts at once."""

import json
import subprocess
import threading
import time

import words
from failure import CannotRun

CALL_TOKENS = 8
LOOP = 'while IFS= read -r line; do {call} >/dev/null 2>&1 || exit 1; done'
PROMPTS, SHARED_TOKENS, OUT_TOKENS, BATCH = 64, 256, 64, 8


def one_shot(bench):
    """A shell loop of calls; the time of one call on the average."""
    calls = 10 if bench.quick else 50
    for index in bench.rounds(warm=0, most=3):
        questions = [f"Is the {words.WORDS[call % 40]} number {index * calls + call} old?"
                     for call in range(calls)]
        yield loop(bench, questions, ours=True), loop(bench, questions, ours=False)


def loop(bench, questions, ours):
    if ours:
        bench.edgewise.stop()
        call = '"$0" ask --no-stdin --max-tokens "$2" -m "$1" "$line"'
        program, environment = bench.edgewise.binary, bench.edgewise.environment
    else:
        call = ('"$0" -m "$1" -n "$2" -p "$line" --temp 0 -t "$3" -c 4096 -st --no-display-prompt '
                "</dev/null")
        program, environment = bench.llama.tool("llama-completion"), None
    begun = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", LOOP.format(call=call), program, bench.model, str(CALL_TOKENS), str(bench.threads)],
        input="".join(f"{line}\n" for line in questions), text=True, env=environment, timeout=600,
        check=False)
    if done.returncode != 0:
        raise CannotRun(f"a call of {program} in the loop failed")
    return (time.monotonic() - begun) * 1e3 / len(questions)


def map_prompts(bench, index):
    """Returns the shared part and what is different in each prompt."""
    shared = words.prose(f"map {index}", SHARED_TOKENS - 40)
    return shared, [f"Write a very long story about the {words.WORDS[n % 40]} of number {n}."
                    for n in range(PROMPTS // 4 if bench.quick else PROMPTS)]


def map_job(bench, index):
    """Returns the tokens a second of a whole `edgewise map`."""
    shared, lines = map_prompts(bench, index)
    command = bench.edgewise.command(
        "map", f"{shared} {{}}", "--json", "-j", str(BATCH), "--max-tokens", str(OUT_TOKENS))
    begun = time.monotonic()
    done = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True,
                          env=bench.edgewise.environment, timeout=600, check=False)
    elapsed = time.monotonic() - begun
    events = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0:
        errors = [event["error"]["message"] for event in events if event.get("error")]
        raise CannotRun(f"edgewise map: {(errors or done.stderr.splitlines() or ['failed'])[0]}")
    tokens = sum(event["usage"]["completion_tokens"] for event in events if event["type"] == "result")
    bench.note(f"{tokens} tokens in {elapsed:.1f} s")
    return tokens / elapsed


def map_beside_server(bench):
    # The engine is loaded, as the server is.
    bench.edgewise.ask("Hello.", 1)
    cells = BATCH * 512
    with bench.llama.server(c=cells, np=BATCH, t=bench.threads) as server:
        for index in bench.rounds(warm=0, most=3):
            ours = map_job(bench, index)
            yield ours, server_job(bench, server, index)


def server_job(bench, server, index):
    """Returns the tokens a second of the same work by eight clients."""
    shared, lines = map_prompts(bench, index)
    waiting, tokens, failed = list(reversed(lines)), [], []

    def client():
        while waiting:
            try:
                line = waiting.pop()
            except IndexError:
                return
            try:
                reply = server.chat([{"role": "user", "content": f"{shared} {line}"}], OUT_TOKENS)
                tokens.append(reply.timings.get("predicted_n", len(reply.times)))
            except (CannotRun, OSError) as error:
                failed.append(error)
                return

    begun = time.monotonic()
    clients = [threading.Thread(target=client) for _ in range(BATCH)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    if failed:
        raise CannotRun(f"llama-server: {failed[0]}")
    return sum(tokens) / (time.monotonic() - begun)


def map_beside_batch(bench):
    bench.edgewise.ask("Hello.", 1)
    for index in bench.rounds(warm=0, most=3):
        ours = map_job(bench, index)
        yield ours, batch_job(bench)


def batch_job(bench):
    """Returns the tokens a second of the same work out of llama-batched-bench's times."""
    found = bench.llama.run(
        "llama-batched-bench", "-c", 8192, "-b", 2048, "-ub", 512, "-t", bench.threads, "-npp",
        SHARED_TOKENS, "-ntg", OUT_TOKENS, "-npl", BATCH, "-pps", "--output-format", "jsonl")
    if not found:
        raise CannotRun("llama-batched-bench printed nothing")
    times = found[-1]
    # The shared part once, what is different in each prompt at the rate of the shared part, and
    # decode as often as the batch has to be filled.
    own = PROMPTS * 20 / times["speed_pp"]
    seconds = times["t_pp"] + own + times["t_tg"] * PROMPTS / BATCH
    return PROMPTS * OUT_TOKENS / seconds
