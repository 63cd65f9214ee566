"""llama.cpp's own tools, each at what it does best."""

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time

from edgewise import rate_of
from failure import CannotRun

PATIENCE = 180


class Llama:
    """Where the tools are, or why they are not."""

    def __init__(self, place, model, reason=""):
        self.place, self.model, self.reason = place, model, reason

    def tool(self, name):
        path = os.path.join(self.place, name)
        if not os.access(path, os.X_OK):
            raise CannotRun(self.reason or f"{name} is not built")
        return path

    def run(self, name, *arguments):
        """Runs a tool that prints lines of JSON, and returns them."""
        command = [self.tool(name), "-m", self.model, *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=600, check=False)
        if done.returncode != 0:
            raise CannotRun(f"{name}: {_last(done.stderr) or f'code {done.returncode}'}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def bench(self, threads, flash, rounds=1, **work):
        """Runs llama-bench over all combinations; `work` has p, n and d."""
        several = lambda values: ",".join(map(str, values))
        options = [part for key, value in work.items() for part in (f"-{key}", value)]
        return self.run("llama-bench", *options, "-t", several(threads), "-fa", several(flash),
                        "-r", rounds, "-o", "jsonl")

    def best(self, threads, **work):
        """Returns the threads and the flash attention with which llama-bench is fastest."""
        tests = self.bench(threads, ["on", "off"], **work)
        if not tests:
            raise CannotRun("llama-bench printed nothing")
        found = max(tests, key=lambda test: test["avg_ts"])
        return found["n_threads"], "on" if found["flash_attn"] in (True, 1, "on") else "off"

    def server(self, **options):
        return Server(self, options)


def _last(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


class Server:
    """llama-server, from its start to its end."""

    def __init__(self, llama, options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        arguments = [part for name, value in options.items()
                     for part in (f"-{name}" if len(name) < 4 else f"--{name.replace('_', '-')}", str(value))]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [llama.tool("llama-server"), "-m", llama.model, "--host", "127.0.0.1",
             "--port", str(self.port), "--no-ui", *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self._request("GET", "/health").status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        self.__exit__()
        self.log.seek(0)
        raise CannotRun(f"llama-server: {_last(self.log.read().decode(errors='replace'))}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def chat(self, messages, tokens):
        """Sends a conversation; returns when the text came, the text and the server's timings."""
        body = {"messages": messages, "stream": True, "temperature": 0, "max_tokens": tokens,
                "cache_prompt": True}
        begun = time.monotonic()
        response = self._request("POST", "/v1/chat/completions", json.dumps(body))
        times, text, timings = [], [], {}
        for line in response:
            now = time.monotonic()
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            timings = event.get("timings") or timings
            for choice in event.get("choices", []):
                if choice["delta"].get("content"):
                    times.append(now)
                    text.append(choice["delta"]["content"])
        if not times:
            raise CannotRun(f"llama-server: no answer ({response.status})")
        return Reply(begun, times, "".join(text), timings)

    def _request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        return connection.getresponse()


class Reply:
    """A server's answer."""

    def __init__(self, begun, times, text, timings):
        self.begun, self.times, self.text, self.timings = begun, times, text, timings

    def ttft(self):
        return self.times[0] - self.begun

    def decode_tps(self, after=0.0):
        return rate_of(self.times, after)
