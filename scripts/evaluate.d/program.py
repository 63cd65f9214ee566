"""The real program, asked turn by turn as a script asks it, with directories of its own."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

from documents import NAME

# Seconds after which a turn counts as lost whatever becomes of it.
PATIENCE = 60
TOKENS = 96
CONFIG = """default_profile = "evaluate"
[engine]
keep_alive = "5m"
[profiles.evaluate]
privacy = "open"
endpoint = "wan"
n_ctx = 4096
sampling = {{ temp = 0.0 }}
[endpoints.wan]
protocol = "openai"
base_url = "http://127.0.0.1:{port}/v1"
model = "replayed"
"""


class Program:
    """The program of a policy and a network: what it learned is known to it alone, and kept in `data`
    where that is given."""

    def __init__(self, binary, model, port, data=None):
        self.binary, self.model = binary, model
        self.place = tempfile.mkdtemp(prefix="ewe", dir="/tmp" if os.path.isdir("/tmp") else None)
        os.mkdir(f"{self.place}/c")
        with open(f"{self.place}/c/config.toml", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(port=port))
        self.environment = {
            "HOME": self.place, "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8",
            "EDGEWISE_CONFIG_DIR": f"{self.place}/c", "EDGEWISE_DATA_DIR": data or f"{self.place}/d",
            "EDGEWISE_CACHE_DIR": f"{self.place}/k", "EDGEWISE_RUNTIME_DIR": f"{self.place}/r",
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(subprocess.SubprocessError):
            self.run("stop")
        shutil.rmtree(self.place, ignore_errors=True)

    def run(self, *arguments):
        """Returns what a command says."""
        return subprocess.run([self.binary, *arguments], env=self.environment, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=30, check=False).stdout

    def warm(self):
        """Loads the model and has its speed known, as in a program that is in use."""
        self.ask("Say hello.", "local-only", None)

    def ask(self, question, mode, session, document=None):
        """Asks one question in a session (None: a new one), with a document if there is one; returns
        what its user saw."""
        command = [self.binary, "ask", "--json", "--no-stdin", "-m", self.model, "--mode", mode,
                   "--max-tokens", str(TOKENS), "-s", session or "new"]
        if document:
            # By a name of its own directory: how it is called is part of the prompt.
            with open(f"{self.place}/{NAME}", "w", encoding="utf-8") as file:
                file.write(document)
            command += ["-f", NAME]
        command += ["--", question]
        begun = time.monotonic()
        events = []
        with subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, cwd=self.place,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            # A turn that hangs is ended, and is lost.
            timers = [threading.Timer(PATIENCE, process.terminate),
                      threading.Timer(PATIENCE + 10, process.kill)]
            for timer in timers:
                timer.start()
            for line in process.stdout:
                # What was killed may have said half a line.
                with contextlib.suppress(ValueError):
                    events.append((time.monotonic() - begun, json.loads(line)))
            said = process.stderr.read().decode(errors="replace").strip()
            process.wait()
            for timer in timers:
                timer.cancel()
        return seen(events, said)

    def last_decision(self):
        """Returns the newest record of the program's own decisions."""
        lines = self.run("audit", "list", "--json", "-n", "1").splitlines()
        return json.loads(lines[-1]) if lines else {}


def seen(events, said=""):
    """Returns what a turn's events amount to."""
    texts = [(at, event["text"]) for at, event in events if event["type"] == "delta"]
    first = next((at for at, text in texts if text.strip()), None)
    routes = [event["kind"] for _, event in events if event["type"] == "route"]
    at, finish = next(((at, event) for at, event in events if event["type"] == "finish"), (None, {}))
    answered = finish.get("reason") in ("end_of_turn", "stop", "length") and first is not None
    between = None
    if answered and len(texts) > 1:
        between = (texts[-1][0] - first) / (len(texts) - 1)
    return {
        "ttft": first, "total": at, "between": between, "answered": answered,
        "pieces": [text for _, text in texts], "routes": routes,
        "route": routes[-1] if routes else None,
        "reason": finish.get("reason"), "error": finish.get("error") or said or None,
        "session": finish.get("session"),
    }
