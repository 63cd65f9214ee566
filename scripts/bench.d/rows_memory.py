"""Memory that only a process itself has: not the model file, which is the page cache's."""

import words
from failure import CannotRun
from rows_chat import user


def anonymous(bench):
    # The whole cache is touched when it is made; the text is for what comes on top.
    text = words.asking_long("memory", 1000 if bench.quick else 3500)
    with bench.llama.server(c=4096, np=1, t=bench.threads) as server:
        for index in bench.rounds(warm=0, most=1):
            with bench.edgewise_with(4096) as edgewise, edgewise.chat(32) as chat:
                chat.paste(text)
                chat.enter()
                chat.finish()
                front, engine = of(chat.terminal.pid), of(edgewise.engine())
            server.chat([user(text)], 32)
            bench.note(f"front {front:.1f} MB, engine {engine:.1f} MB")
            yield front + engine, of(server.process.pid)


def of(pid):
    """Returns the megabytes that a process has of its own."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            kilobytes = next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))
    except (OSError, StopIteration) as error:
        raise CannotRun(f"this system does not tell a process's anonymous memory ({error})") from error
    return kilobytes * 1024 / 1e6
