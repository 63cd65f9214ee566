"""What somebody waits for who sits in front of the chat."""

import re

import words
from failure import CannotRun

TOKENS = 32
# What a person does before the next question, at least.
PAUSE = 1.0


def user(text):
    return {"role": "user", "content": text}


def second_turn(bench, tokens, typed):
    """A question behind a first turn of `tokens` tokens."""
    n_ctx = 4096 if tokens < 3000 else 8192
    with bench.edgewise_with(n_ctx) as edgewise, edgewise.chat(TOKENS) as chat, \
            bench.llama.server(c=n_ctx, np=1, t=bench.threads) as server:
        for index in bench.rounds(warm=0):
            if index:
                chat.new_session()
            history = words.asking_long(f"turn {tokens} {typed} {index}", tokens)
            question = words.question(f"{tokens} {index}")
            chat.paste(history)
            chat.enter()
            chat.finish()
            chat.terminal.rest(PAUSE)
            (chat.type if typed else chat.paste)(question)
            ours = chat.enter()
            bench.note(chat.finish())
            first = server.chat([user(history)], TOKENS)
            answer = {"role": "assistant", "content": first.text}
            theirs = server.chat([user(history), answer, user(question)], TOKENS)
            yield ours * 1e3, theirs.ttft() * 1e3


def paste(bench):
    """The first turn of a session: a long text, and a question typed behind it."""
    with bench.edgewise_with(4096) as edgewise, edgewise.chat(TOKENS) as chat, \
            bench.llama.server(c=4096, np=1, t=bench.threads) as server:
        for index in bench.rounds(warm=0):
            if index:
                chat.new_session()
            text, question = words.prose(f"paste {index}", 1500), " " + words.question(f"paste {index}")
            chat.paste(text)
            chat.type(question[:60])
            ours = chat.enter()
            bench.note(chat.finish())
            theirs = server.chat([user(text + question)], TOKENS)
            yield ours * 1e3, theirs.ttft() * 1e3


def switch(bench):
    """Two long sessions in turn, and a question in the first one again."""
    with bench.edgewise_with(4096) as edgewise, edgewise.chat(TOKENS) as chat, \
            bench.llama.server(c=4096, np=1, t=bench.threads) as server:
        for index in bench.rounds(warm=0):
            if index:
                chat.new_session()
            a, b = (words.asking_long(f"switch {side} {index}", 2000) for side in "ab")
            question = words.question(f"switch {index}")
            for text in (a, b):
                if text is b:
                    chat.new_session()
                chat.paste(text)
                chat.enter()
                chat.finish()
            chat.previous_session()
            chat.terminal.rest(PAUSE)
            chat.paste(question)
            ours = chat.enter()
            bench.note(chat.finish())
            first = server.chat([user(a)], TOKENS)
            server.chat([user(b)], TOKENS)
            answer = {"role": "assistant", "content": first.text}
            theirs = server.chat([user(a), answer, user(question)], TOKENS)
            yield ours * 1e3, theirs.ttft() * 1e3


def screen(bench):
    """The same answer with the screen in front and without."""
    tokens = 256
    with bench.edgewise_with(4096) as edgewise, edgewise.chat(tokens) as chat:
        for index in bench.rounds(warm=0):
            prompt = words.asking_long(f"screen {index}", 40)
            if index:
                chat.new_session()
            chat.paste(prompt)
            chat.enter()
            figures = chat.finish()
            shown = re.search(r"\d+ tok ([0-9.]+)/s", figures.rpartition("prefill")[2])
            if not shown:
                raise CannotRun(f"the chat shows no rate: {figures}")
            yield float(shown.group(1)), edgewise.ask(prompt, tokens).timings["decode_tps"]
