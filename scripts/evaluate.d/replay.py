"""An endpoint that speaks OpenAI's protocol and replays answers at the pace of a hosted model.

It is a model of times, not of words: what it says was recorded on the device before, so that every
policy plays the same conversation. Nothing about the quality of remote answers follows from it.
"""

import asyncio
import json
import math
import random

# Seconds until the first token, a log-normal (median, and the spread of its logarithm), and per
# token of the prompt; seconds between tokens.
FIRST, SPREAD, PER_PROMPT_TOKEN = 0.45, 0.5, 0.0001
BETWEEN = 0.025
# Said where nothing was recorded.
FALLBACK = [" one", " two", " three", " four"] * 24


def times(draw, prompt_tokens, tokens):
    """Returns the seconds before each token."""
    first = math.exp(draw.gauss(math.log(FIRST), SPREAD)) + PER_PROMPT_TOKEN * prompt_tokens
    return [first] + [BETWEEN * draw.uniform(0.6, 1.4) for _ in range(tokens - 1)]


class Replay:
    """The server; what it was asked and what it said is counted for each turn."""

    def __init__(self):
        self.answers, self.draw = {}, random.Random(0)
        self.begin(0)

    def learn(self, question, answer):
        self.answers[question.strip()] = answer

    def answer_to(self, text):
        """Returns what is known for a question, whatever document comes before it."""
        known = [question for question in self.answers if text.strip().endswith(question)]
        return self.answers[max(known, key=len)] if known else FALLBACK

    def begin(self, seed):
        self.draw, self.requests, self.prompt_tokens, self.tokens = random.Random(seed), 0, 0, 0

    def count(self):
        return {"requests": self.requests, "remote_prompt_tokens": self.prompt_tokens,
                "remote_tokens": self.tokens}

    async def listen(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                if lines[0].startswith("GET"):
                    await self.say(writer, "application/json", b'{"data":[{"id":"replayed"}]}')
                else:
                    await self.answer(writer, json.loads(body))
        except (OSError, EOFError, asyncio.CancelledError, ValueError):
            pass
        finally:
            writer.close()

    async def say(self, writer, kind, body):
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n"
                     f"content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    async def answer(self, writer, asked):
        said = [message["content"] for message in asked["messages"]]
        prompt_tokens = sum(len(text) // 4 + 4 for text in said)
        tokens = self.answer_to(said[-1])[:asked.get("max_tokens") or None]
        self.requests += 1
        self.prompt_tokens += prompt_tokens
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                     b"transfer-encoding: chunked\r\n\r\n")
        for wait, token in zip(times(self.draw, prompt_tokens, len(tokens)), tokens):
            await asyncio.sleep(wait)
            self.tokens += 1
            await self.event(writer, {"choices": [{"index": 0, "delta": {"content": token}}]})
        await self.event(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(tokens)}
        await self.event(writer, {"choices": [], "usage": usage})
        await self.chunk(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async def event(self, writer, value):
        whole = {"id": "chatcmpl-replayed", "object": "chat.completion.chunk", "created": 0,
                 "model": "replayed", **value}
        await self.chunk(writer, f"data: {json.dumps(whole)}\n\n".encode())

    async def chunk(self, writer, piece):
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
