"""edgewise as its user runs it: `ask` on a pipe, the chat in a terminal, with a home of its own."""

import json
import os
import shutil
import subprocess
import tempfile
import time

from failure import CannotRun
from terminal import Terminal

# Seconds until something must be wrong: with an answer, and with what a key does.
PATIENCE, PATIENCE_KEYS = 180, 30
CONFIG = """default_profile = "bench"
[engine]
keep_alive = "5m"
[profiles.bench]
mode = "local-only"
n_ctx = {n_ctx}
sampling = {{ temp = 0.0 }}
"""


class Edgewise:
    """The program, with directories that nothing else uses; its engine stays between calls."""

    def __init__(self, binary, model, n_ctx=4096, compute="", ending=lambda pid: None):
        """`compute` is TOML for the profile; `ending` is told the engine that is about to end."""
        self.binary, self.model, self.ending = binary, model, ending
        # A socket's path must be short, and so is what mkdtemp makes in /tmp.
        self.place = tempfile.mkdtemp(prefix="ewb", dir="/tmp" if os.path.isdir("/tmp") else None)
        os.mkdir(f"{self.place}/c")
        with open(f"{self.place}/c/config.toml", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(n_ctx=n_ctx) + compute)
        self.environment = {
            "HOME": self.place, "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8", "TERM": "xterm-256color",
            "EDGEWISE_CONFIG_DIR": f"{self.place}/c", "EDGEWISE_DATA_DIR": f"{self.place}/d",
            "EDGEWISE_CACHE_DIR": f"{self.place}/k", "EDGEWISE_RUNTIME_DIR": f"{self.place}/r",
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def command(self, *arguments):
        return [self.binary, *arguments, "-m", self.model]

    def stop(self):
        """Ends the engine."""
        engine = self.engine()
        if engine:
            self.ending(engine)
        subprocess.run([self.binary, "stop"], env=self.environment, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=30, check=False)

    def engine(self):
        """Returns the engine's process, or None."""
        said = subprocess.run([self.binary, "ps"], env=self.environment, capture_output=True,
                              text=True, timeout=30, check=False).stdout
        return next((int(word) for word in said.split() if word.isdigit()), None)

    def ask(self, prompt, tokens, *options):
        """Asks once, the prompt on stdin; returns the answer's measures."""
        command = self.command("ask", "--json", "--max-tokens", str(tokens), *options)
        begun = time.monotonic()
        with subprocess.Popen(command, env=self.environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write(prompt.encode())
            process.stdin.close()
            times, finish = [], None
            for line in process.stdout:
                now = time.monotonic()
                event = json.loads(line)
                if event["type"] == "delta":
                    times.append(now)
                elif event["type"] == "finish":
                    finish = event
            said = process.stderr.read().decode(errors="replace").strip()
        error = finish and finish["error"]
        # What the limit cuts short is no whole answer of a schema, and has its times all the same.
        if not finish or (error and error["kind"] != "schema") or len(times) < 1:
            raise CannotRun(f"edgewise ask: {finish and finish['error'] or said or 'no answer'}")
        return Answer(begun, times, finish["usage"], finish["timings"])

    def chat(self, tokens):
        """Opens the chat in a terminal; its answers have `tokens` tokens at most."""
        return Chat(Terminal(self.command("--max-tokens", str(tokens)), self.environment))


class Answer:
    """When the text of an answer came."""

    def __init__(self, begun, times, usage, timings):
        self.begun, self.times, self.usage, self.timings = begun, times, usage, timings

    def ttft(self):
        return self.times[0] - self.begun

    def decode_tps(self, after=0.0):
        """Returns tokens a second from `after` seconds behind the first one on."""
        return rate_of(self.times, after)


def rate_of(times, after):
    times = [at for at in times if at >= times[0] + after]
    if len(times) < 8:
        raise CannotRun(f"an answer of {len(times)} tokens is too short to tell a rate")
    return (len(times) - 1) / (times[-1] - times[0])


class Chat:
    """The chat; every time is one between a key and a frame that shows its effect."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.wait_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.close()

    def wait_ready(self):
        """Waits until the engine is loaded and no answer runs in this session."""
        self.terminal.wait(ready, PATIENCE, "the chat to be ready")

    def new_session(self):
        self.terminal.send("\x0e")
        self.terminal.wait(lambda rows: not any(row.startswith("›") for row in rows[:-4]),
                           PATIENCE_KEYS, "a new session")
        self.wait_ready()

    def previous_session(self):
        self.terminal.send("\x1bp")

    def paste(self, text):
        self.terminal.send(f"\x1b[200~{text}\x1b[201~")
        # The draft is broken into rows anywhere between two words.
        tail = "".join(text[-20:].split())
        # A large paste stands as one line.
        seen = lambda rows: any(row.startswith("› [paste") for row in rows[-8:]) or \
            tail in "".join("".join(rows).split())
        self.terminal.wait(seen, PATIENCE_KEYS, "the pasted text")

    def type(self, text, per_second=10):
        """Types as a person does: one key after the other."""
        begun = time.monotonic()
        for index, key in enumerate(text):
            self.terminal.rest(begun + index / per_second - time.monotonic())
            self.terminal.send(key)
        self.terminal.rest(begun + len(text) / per_second - time.monotonic())

    def enter(self):
        """Sends the draft and returns the seconds until the first character of the answer."""
        begun = time.monotonic()
        self.terminal.send("\r")
        self.terminal.wait(lambda rows: not ready(rows), PATIENCE_KEYS, "the question to be sent")
        shown = self.terminal.wait(answering, PATIENCE, "the answer's first character")
        return shown - begun

    def finish(self):
        """Waits for the end of the answer and returns the line of figures under it."""
        self.wait_ready()
        rows = self.terminal.screen.rows()
        # The last row tells some of it as well.
        return next((row.strip() for row in reversed(rows[:-1]) if "TTFT" in row), "")


def ready(rows):
    """Tells whether the engine is loaded and no answer runs in the session in front."""
    return rows[-1].startswith(" ready · ")


def answering(rows):
    """Tells whether text of the answer to the last question is on the screen."""
    if not ("TTFT" in rows[-1] or ready(rows)):
        return False
    # From below, without the draft and the status: the answer comes before its question.
    for row in reversed(rows[:-2]):
        if row.startswith("•"):
            return bool(row[1:].strip())
        if row.startswith("›"):
            return False
    return True
