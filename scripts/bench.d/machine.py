"""What the machine is, what it could do at best, and who else used it meanwhile."""

import multiprocessing
import os
import platform
import struct
import subprocess
import time


def _lines(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def describe():
    """Returns the processor, its cores, the memory and the kernel."""
    model = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo")
                  if line.startswith("model name")), "")
    if not model:
        model = _said("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "kernel": f"{platform.system()} {platform.release()}",
    }


def _said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


class Load:
    """The use of the processors between two moments: by what the benchmark runs, and by others."""

    def __init__(self, ours):
        """`ours` are prefixes of the programs that count as the benchmark's own."""
        self.ours = ours
        self.hertz = os.sysconf("SC_CLK_TCK")
        self.ended = {}

    def keep(self, pid):
        """Notes what a process of ours has spent that is about to end, and is nobody's child here."""
        self.ended[str(pid)] = self._spent(pid)

    def mark(self):
        # What a process of ours has spent counts even if it ends before the second mark: its
        # parent, this program, has it among its children's.
        own = os.times()
        spent = dict(self.ended)
        for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else []):
            if int(pid) != os.getpid() and self._is_ours(pid):
                spent[pid] = self._spent(pid)
        return {
            "at": time.monotonic(),
            "cpu": self._cpu(),
            "own": own.user + own.system + own.children_user + own.children_system,
            "spent": spent,
            "psi": _pressure(),
        }

    def between(self, a, b):
        """Returns shares of all processors, 0 to 1; None where the system does not tell."""
        if not (a["cpu"] and b["cpu"]):
            return {"others": None, "busy": None, "psi": None, "loadavg": _loadavg()}
        busy, total = (b["cpu"][i] - a["cpu"][i] for i in (0, 1))
        own = b["own"] - a["own"] + sum(
            at - a["spent"].get(pid, 0) for pid, at in b["spent"].items())
        others = max(0.0, busy - own)
        psi = None
        if a["psi"] is not None and b["psi"] is not None:
            psi = (b["psi"] - a["psi"]) / 1e6 / max(1e-9, b["at"] - a["at"])
        return {
            "others": others / max(1e-9, total),
            "busy": busy / max(1e-9, total),
            "psi": psi,
            "loadavg": _loadavg(),
        }

    def _spent(self, pid):
        stat = "".join(_lines(f"/proc/{pid}/stat")).rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / self.hertz if len(stat) > 14 else 0.0

    def _is_ours(self, pid):
        try:
            return os.readlink(f"/proc/{pid}/exe").startswith(self.ours)
        except OSError:
            return False

    def _cpu(self):
        line = next(iter(_lines("/proc/stat")), "").split()
        if len(line) < 6 or line[0] != "cpu":
            return None
        # user nice system idle iowait irq softirq steal: guests are in user already.
        times = [int(number) / self.hertz for number in line[1:9]]
        return sum(times) - times[3] - times[4], sum(times)


def _loadavg():
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def _pressure():
    """Returns the microseconds in which something waited for a processor."""
    for line in _lines("/proc/pressure/cpu"):
        if line.startswith("some"):
            return int(line.rpartition("total=")[2])
    return None


# Read by all together, and by each at least: far more than caches hold.
SCAN_BYTES, SCAN_BYTES_LEAST = 512 << 20, 64 << 20


def _scan(size, start, done):
    # Written once, so that every page is a page of its own; memchr reads faster than memory gives.
    memory = b"\x01" * size
    memory.find(b"\x00")
    start.wait()
    begun = time.monotonic()
    for _ in range(4):
        memory.find(b"\x00")
    done.put((begun, time.monotonic()))


def bandwidth(threads):
    """Returns the bytes a second that `threads` processes read of memory together."""
    size = max(SCAN_BYTES // threads, SCAN_BYTES_LEAST)
    context = multiprocessing.get_context("fork")
    start, done = context.Barrier(threads), context.Queue()
    processes = [context.Process(target=_scan, args=(size, start, done)) for _ in range(threads)]
    for process in processes:
        process.start()
    times = [done.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    elapsed = max(end for _, end in times) - min(begin for begin, _ in times)
    return threads * 4 * size / elapsed


def kv_bytes_per_token(path):
    """Returns the bytes of KV cache that a token takes at 16 bits, or None."""
    try:
        facts = _metadata(path)
        arch = facts["general.architecture"]
        layers, heads = facts[f"{arch}.block_count"], facts[f"{arch}.attention.head_count"]
        kv_heads = facts.get(f"{arch}.attention.head_count_kv", heads)
        size = facts.get(f"{arch}.attention.key_length", facts[f"{arch}.embedding_length"] // heads)
        return 2 * layers * kv_heads * size * 2
    except (OSError, KeyError, struct.error, TypeError, ValueError):
        return None


# GGUF's types of values, by their number: 8 is a string, 9 an array.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def _metadata(path):
    with open(path, "rb") as file:
        def take(form):
            return struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))[0]

        def string():
            return file.read(take("Q")).decode("utf-8", "replace")

        def value(kind):
            if kind == 8:
                return string()
            if kind == 9:
                kind, count = take("I"), take("Q")
                for _ in range(count):
                    value(kind)
                return None
            return take(_SCALARS[kind])

        if file.read(4) != b"GGUF":
            raise ValueError("not a GGUF file")
        take("I"), take("Q")
        return {string(): value(take("I")) for _ in range(take("Q"))}
