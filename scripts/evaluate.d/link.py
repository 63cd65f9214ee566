"""A wide-area link in user space: a relay that holds back what passes.

Every piece waits the one-way delay, sometimes longer (the tail), and a lost one waits for its
retransmission, with everything behind it in the same connection: what a TCP stream looks like from
above. A new connection costs a round trip. An outage is one of two: the line is dark (nothing passes,
open connections stall and go on afterwards, new ones wait), or the link is down (open connections are
cut, new ones refused).
"""

import asyncio
import random

# Bytes of TCP and IP headers for each segment of this many bytes, and for its acknowledgement.
HEADERS, SEGMENT = 52, 1448
PIECE = 16 * 1024

# Round trip in seconds; the share of pieces that meet a queue, and its mean; the share that is lost.
WANS = {
    "good": {"rtt": 0.040, "tail": 0.01, "queue": 0.02, "loss": 0.0, "outages": 0.0},
    "typical": {"rtt": 0.120, "tail": 0.05, "queue": 0.25, "loss": 0.01, "outages": 0.05},
    "bad": {"rtt": 0.300, "tail": 0.10, "queue": 0.60, "loss": 0.03, "outages": 0.25},
}


def delay(wan, draw):
    """Returns the seconds that one piece takes one way."""
    seconds = wan["rtt"] / 2
    if draw.random() < wan["tail"]:
        seconds += draw.expovariate(1 / wan["queue"])
    if draw.random() < wan["loss"]:
        seconds += max(0.2, 2 * wan["rtt"])
    return seconds


def outage(wan, place, draw):
    """Returns an outage that a turn meets, or None: when it begins, in seconds from the question (before
    it as often as behind it, when an answer is on its way), how long it lasts, and of which kind it is.
    `place` is the turn's own number from 0 to 1."""
    if place >= wan["outages"]:
        return None
    return [draw.uniform(-2.5, 2.5), draw.uniform(4, 12), draw.choice(("dark", "down"))]


def on_wire(payload):
    """Returns the bytes on the wire for a piece: headers, and an acknowledgement for two segments."""
    segments = -(-payload // SEGMENT)
    return payload + segments * HEADERS + -(-segments // 2) * HEADERS


class Link:
    """The relay before the server at `port`."""

    def __init__(self, port):
        self.port, self.server, self.own = port, None, None
        self.wan, self.draw, self.off = WANS["good"], random.Random(0), None
        self.begun, self.tasks, self.bytes, self.writers = 0.0, set(), [0, 0], set()

    async def listen(self, wished=0):
        """Lets connections in; returns the port, always the same: the wished one if it is free."""
        serve = lambda port: asyncio.start_server(self.accept, "127.0.0.1", port, reuse_address=True)
        try:
            self.server = await serve(self.own or wished)
        except OSError:
            if self.own or not wished:
                raise
            self.server = await serve(0)
        self.own = self.server.sockets[0].getsockname()[1]
        return self.own

    async def begin(self, wan, seed, off):
        """Begins a turn: counts anew, with other conditions."""
        before = list(self.tasks)
        for task in before:
            task.cancel()
        await asyncio.gather(*before, return_exceptions=True)
        self.wan, self.draw, self.off, self.bytes = wan, random.Random(seed), off, [0, 0]
        self.begun = asyncio.get_running_loop().time()
        if not self.server:
            await self.listen()
        if off and off[2] == "down":
            self.keep(asyncio.create_task(self.close_for(*off[:2])))

    def count(self):
        """Returns the bytes on the wire since the turn began, up and down."""
        return {"bytes_up": self.bytes[0], "bytes_down": self.bytes[1]}

    def keep(self, task):
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close_for(self, start, length):
        """Cuts what is open, and lets nobody in while the outage lasts."""
        await asyncio.sleep(max(0.0, start))
        self.server.close()
        self.server = None
        for writer in list(self.writers):
            writer.transport.abort()
        await asyncio.sleep(length + min(0.0, start))
        await self.listen()

    def until_back(self):
        """Returns the seconds until bytes pass again."""
        if not self.off:
            return 0.0
        since = asyncio.get_running_loop().time() - self.begun
        start, length, _ = self.off
        return max(0.0, start + length - since) if since >= start else 0.0

    async def accept(self, reader, writer):
        self.keep(asyncio.current_task())
        self.writers.add(writer)
        far = None
        try:
            await asyncio.sleep(self.wan["rtt"] + self.until_back())
            to, far = await asyncio.open_connection("127.0.0.1", self.port)
            ways = [self.pass_on(reader, far, 0), self.pass_on(to, writer, 1)]
            ways = [asyncio.create_task(way) for way in ways]
            for way in ways:
                self.keep(way)
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            # What is still on its way down arrives; nobody waits for the other direction.
            if not ways[1].done() and ways[0].done() and not reader.at_eof():
                await ways[1]
            for way in ways:
                way.cancel()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            for end in (writer, far):
                if end:
                    end.close()

    async def pass_on(self, reader, writer, way):
        """Passes pieces on, in order: each is sent when its time has come, and not before the last."""
        queue, loop = asyncio.Queue(256), asyncio.get_running_loop()

        async def send():
            while (item := await queue.get())[1]:
                at, piece = item
                await asyncio.sleep(max(0.0, at - loop.time()))
                while (off := self.until_back()) > 0:
                    await asyncio.sleep(off)
                writer.write(piece)
                await writer.drain()

        sending = asyncio.create_task(send())
        self.keep(sending)
        try:
            while piece := await reader.read(PIECE):
                self.bytes[way] += on_wire(len(piece))
                await queue.put((loop.time() + delay(self.wan, self.draw), piece))
            await queue.put((0, b""))
            await sending
        except OSError:
            sending.cancel()
