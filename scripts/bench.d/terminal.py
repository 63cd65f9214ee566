"""A program in a pseudo-terminal, and what its screen shows: enough of a terminal for edgewise."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

ROWS, COLUMNS = 40, 100

# A sequence that moves the cursor, clears or colours; one that sets a title; two-character ones.
ESCAPE = re.compile(r"\x1b(?:\[([?<=>]?)([0-9;:]*)[ ]?([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
END_UPDATE = "\x1b[?2026l"


class Screen:
    """The characters on the screen. Nothing scrolls: a full-screen program places its text."""

    def __init__(self):
        self.cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0

    def take(self, text):
        at = 0
        for escape in ESCAPE.finditer(text):
            self._write(text[at:escape.start()])
            if escape.group(3) and not escape.group(1):
                self._control(escape.group(2), escape.group(3))
            at = escape.end()
        self._write(text[at:])

    def rows(self):
        return ["".join(row).rstrip() for row in self.cells]

    def _write(self, text):
        for char in text:
            if char == "\r":
                self.column = 0
            elif char == "\n":
                self.row = min(self.row + 1, ROWS - 1)
            elif char >= " ":
                if self.column < COLUMNS:
                    self.cells[self.row][self.column] = char
                self.column += 1

    def _control(self, numbers, letter):
        first, _, second = numbers.partition(";")
        count = int(first) if first.isdigit() else 1
        if letter == "H":
            self.row = min(count, ROWS) - 1
            self.column = (int(second) if second.isdigit() else 1) - 1
        elif letter == "J":
            self.cells = [[" "] * COLUMNS for _ in range(ROWS)]
        elif letter == "K":
            self.cells[self.row][self.column:] = [" "] * (COLUMNS - self.column)
        elif letter in "ABCD":
            down = {"A": -count, "B": count}.get(letter, 0)
            self.row = max(0, min(ROWS - 1, self.row + down))
            self.column = max(0, self.column + {"C": count, "D": -count}.get(letter, 0))
        elif letter == "G":
            self.column = count - 1


class Terminal:
    """A program in a terminal of 40 rows of 100 columns."""

    def __init__(self, command, environment):
        self.screen = Screen()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.held = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
                os.execve(command[0], command, environment)
            finally:
                os._exit(127)

    def send(self, text):
        """Types."""
        rest = text.encode()
        while rest:
            # What the program writes meanwhile must not stand in the way of what it reads.
            _, writable, _ = select.select([], [self.fd], [], 0.01)
            if writable:
                rest = rest[os.write(self.fd, rest[:1024]):]
            self._read(0)

    def wait(self, seen, patience, what):
        """Waits until `seen(rows)` holds and returns the moment at which its frame was there."""
        until = time.monotonic() + patience
        while True:
            if seen(self.screen.rows()):
                return time.monotonic()
            left = until - time.monotonic()
            if left <= 0:
                shown = "\n".join(row for row in self.screen.rows() if row)
                raise TimeoutError(f"waited {patience:.0f} s for {what}; the screen:\n{shown}")
            self._read(left)

    def rest(self, seconds):
        """Lets time pass while the screen goes on."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def close(self):
        """Takes the terminal away and waits for the program's end."""
        if self.pid is None:
            return
        os.close(self.fd)
        until = time.monotonic() + 5
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
            time.sleep(0.01)
        self.pid = None

    def _read(self, patience):
        ready, _, _ = select.select([self.fd], [], [], patience)
        if not ready:
            return
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            data = b""
        if not data:
            raise EOFError("the program in the terminal has ended:\n" + "\n".join(self.screen.rows()))
        text = self.held + self.decoder.decode(data)
        # Whole frames only: half of one shows what was never on the screen.
        end = text.rfind(END_UPDATE)
        if "\x1b[?2026h" not in text:
            end = len(text)
        elif end >= 0:
            end += len(END_UPDATE)
        else:
            end = text.index("\x1b[?2026h")
        self.screen.take(text[:end])
        self.held = text[end:]
