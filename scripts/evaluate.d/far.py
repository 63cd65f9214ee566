"""The far end of the network, in a process of its own: a paced endpoint behind an emulated WAN.

It is told what to be by lines of JSON on stdin and answers each by one on stdout:
{"do": "turn", "wan": {...}, "seed": 1, "outage": [0.5, 8, "dark"]} begins a turn, {"do": "count"} tells what
has passed since, {"do": "learn", "question": "...", "answer": [...]} gives it an answer to replay.
It waits nearly all the time, so that it takes no processor from what is measured. Its argument is the
port that it would like: what a program learned of an endpoint holds for its address.
"""

import asyncio
import contextlib
import json
import sys

from link import Link
from replay import Replay


async def main():
    replay = Replay()
    link = Link(await replay.listen())
    port = await link.listen(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(json.dumps({"port": port}), flush=True)
    reader = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        said = {}
        if order["do"] == "learn":
            replay.learn(order["question"], order["answer"])
        elif order["do"] == "turn":
            replay.begin(order["seed"])
            await link.begin(order["wan"], order["seed"], order["outage"])
        elif order["do"] == "count":
            said = {**link.count(), **replay.count()}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    # Ctrl-C at the evaluation means this process as well.
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
