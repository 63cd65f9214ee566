"""The rows of the table: what is measured, against what, and what it should reach."""

from dataclasses import dataclass
from typing import Callable

import rows_chat
import rows_decode
import rows_memory
import rows_scripts


@dataclass(frozen=True)
class Row:
    """One comparison. `measure` takes the bench and yields pairs: edgewise's figure and the peer's.

    --quick leaves out what is `slow`, unless it is named."""

    name: str
    work: str
    peer: str
    unit: str
    reach: str
    how: str
    measure: Callable
    slow: bool = False

    def reached(self, ratio):
        """Tells whether `ratio`, edgewise over the peer, is what it should be."""
        sign, bound = self.reach.split()
        bound = float(bound.rstrip("x"))
        return {">=": ratio >= bound, "<=": ratio <= bound, ">": ratio > bound}[sign]


PIPE = "`ask --json`, between the first and the last piece of text on the pipe; tg64 at the same depth"
BUSY = "tokens from 0.5 s behind the first one on, on the pipe of `ask --json` and in the server's stream"
TTFT = "from Enter in the chat to the frame with the first character; from the request to the first text"
PREFILL = "the engine's own figure in `ask --json`, for a prompt of which nothing is cached; pp of as many"


def rows():
    """Returns all rows in the order of the table."""
    table = []
    for depth in (0, 512, 2048):
        table.append(Row(
            f"decode-{depth}", f"decode at depth {depth}", "llama-bench", "tok/s", ">= 0.98", PIPE,
            lambda bench, depth=depth: rows_decode.decode(bench, depth)))
    for tokens in (512, 2048):
        table.append(Row(
            f"prefill-{tokens}", f"prefill {tokens}", "llama-bench", "tok/s", ">= 0.97", PREFILL,
            lambda bench, tokens=tokens: rows_decode.prefill(bench, tokens)))
    for hogs, reach in ((1, ">= 1.7x"), (2, ">= 2.0x")):
        table.append(Row(
            f"hogs-{hogs}", f"decode beside {hogs} CPU hog{'s' * (hogs - 1)}", "llama-server", "tok/s", reach,
            BUSY, lambda bench, hogs=hogs: rows_decode.beside_hogs(bench, hogs)))
    for name, tokens in (("1.5k", 1500), ("4k", 4000)):
        table.append(Row(
            f"turn-{name}", f"second turn, {name} of history", "llama-server", "ms", "<= 1.0x",
            f"{TTFT}; the question is pasted 1 s after the first answer",
            lambda bench, tokens=tokens: rows_chat.second_turn(bench, tokens, typed=False),
            slow=tokens > 2000))
        table.append(Row(
            f"turn-{name}-typed", "the same, typed at 10 characters/s", "llama-server", "ms", "<= 0.35x",
            f"{TTFT}; the question is typed, Enter a tenth of a second behind its last character",
            lambda bench, tokens=tokens: rows_chat.second_turn(bench, tokens, typed=True)))
    table += [
        Row("paste", "1.5k tokens pasted, then 6 s of typing", "llama-server", "ms", "<= 0.1x", TTFT,
            rows_chat.paste),
        Row("switch", "A → B → A, sessions of 2k tokens", "llama-server", "ms", "<= 1.0x",
            f"{TTFT}; the question is pasted 1 s after the switch; one slot and the RAM cache there",
            rows_chat.switch),
        Row("one-shot", "one of 50 calls in a shell loop", "llama-completion", "ms", "<= 0.25x",
            "a `while read` loop over questions, 8 tokens each, exec to exit; the first call loads the engine",
            rows_scripts.one_shot),
        Row("map", "`map`, 64 prompts, 256 shared, 64 out", "llama-server -np 8", "tok/s", "> 1.0x",
            "generated tokens over the time of the whole job; eight clients keep the server busy",
            rows_scripts.map_beside_server),
        Row("map-batch", "the same job", "llama-batched-bench", "tok/s", ">= 0.95",
            "as above; the peer's own times of prefill and of decode at 8 sequences, put together to the same job",
            rows_scripts.map_beside_batch, slow=True),
        Row("memory", "anonymous memory, 4k of context", "llama-server", "MB", "<= 1.0x",
            "Anonymous in smaps_rollup: of chat and engine, of the server; after a turn of 3.5k tokens",
            rows_memory.anonymous),
        Row("schema", "decode under a JSON schema", "edgewise ask", "tok/s", ">= 0.9",
            "`ask --json --schema` and the same without, engine clock both", rows_decode.schema),
        Row("screen", "decode in the chat", "edgewise ask", "tok/s", ">= 0.97",
            "the rate that the chat shows under an answer, and the one in `ask --json`, engine clock both",
            rows_chat.screen),
    ]
    return table


def chosen(names):
    """Returns the rows that `names` begin; all of them for none.

    Raises ValueError for a name that no row begins with."""
    everything = rows()
    wanted = [name for name in names.split(",") if name]
    for name in wanted:
        if not any(row.name.startswith(name) for row in everything):
            known = ", ".join(row.name for row in everything)
            raise ValueError(f"no row begins with `{name}`; there are {known}")
    return [row for row in everything if not wanted or row.name.startswith(tuple(wanted))]
