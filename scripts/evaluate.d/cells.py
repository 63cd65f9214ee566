"""One cell: a dialogue, played by a policy over a network beside bursts of load; kept once it is
whole, so that a run that was broken off goes on where it was."""

import json
import os
import random
import subprocess
import sys
import time
from collections import namedtuple

from documents import cut
from link import WANS, outage
from policies import POLICIES
from program import Program

# How many turns of a hundred meet one busy neighbour, and how many two; seconds that they are busy
# before the turn begins.
ONE, TWO, LEAD = 20, 15, 1.5
HOG = "while True: pass"

# Its number, what is asked turn by turn, and the text that comes with the first question, or None.
Dialogue = namedtuple("Dialogue", ("identity", "questions", "document"))


def name_of(dialogue):
    """Returns what a dialogue's cells are called by: one with a document is another one."""
    return f"{dialogue.identity}-document" if dialogue.document else str(dialogue.identity)


class Far:
    """The far end of the network, in its own process."""

    def __init__(self, port=0):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "far.py")
        self.process = subprocess.Popen([sys.executable, "-B", script, str(port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()

    def tell(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Neighbours:
    """Programs that use the processors while a turn runs."""

    def __init__(self, count):
        command = [sys.executable, "-c", HOG]
        self.processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL) for _ in range(count)]

    def __enter__(self):
        if self.processes:
            time.sleep(LEAD)
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


def neighbours(draw):
    """Returns how many neighbours a turn has."""
    at = draw.random() * 100
    return 2 if at < TWO else 1 if at < TWO + ONE else 0


def place(dialogue, turn):
    """Returns a turn's own number from 0 to 1: those of any dialogues in a row, or of every so many, lie
    evenly (Kronecker's sequence of the golden ratio), so that few dialogues meet as many outages as is
    said, and not as many as chance has it."""
    return (2 * dialogue + turn) * 0.6180339887498949 % 1.0


def conditions(wan, dialogue, turns):
    """Returns what each turn of a dialogue meets: the same for every policy."""
    load, net = random.Random(f"load {dialogue}"), random.Random(f"{wan} {dialogue}")
    return [{"neighbours": neighbours(load), "outage": outage(WANS[wan], place(dialogue, turn), net),
             "seed": net.randrange(1 << 30)} for turn in range(turns)]


def dialogues(path, count, library=None):
    """Reads dialogues from a file of MT-Bench's questions, spread over its topics. With a library, a
    document of it comes with every second one."""
    with open(path, encoding="utf-8") as file:
        all_of_them = [json.loads(line) for line in file if line.strip()]
    step = max(1, len(all_of_them) // count)
    chosen = [(one["question_id"], one["turns"]) for one in all_of_them[::step][:count]]
    return [Dialogue(identity, turns, cut(library, identity) if library and place % 2 else None)
            for place, (identity, turns) in enumerate(chosen)]


def brought(dialogue, index):
    """Returns the document that comes with a turn."""
    return dialogue.document if index == 0 else None


def record(bench, dialogue):
    """Plays a dialogue undisturbed on the device; returns the pieces of each answer."""
    with Program(bench.binary, bench.model, 9) as program:
        program.warm()
        answers, session = [], None
        for index, question in enumerate(dialogue.questions):
            turn = program.ask(question, "local-only", session, brought(dialogue, index))
            session = turn["session"]
            answers.append({"question": question, "answer": turn["pieces"], "ttft": turn["ttft"],
                            "between": turn["between"], "total": turn["total"]})
    if not all(one["answer"] for one in answers):
        raise RuntimeError(f"dialogue {name_of(dialogue)} could not be recorded: {turn['error']}")
    return answers


def play(bench, far, policy_name, wan, dialogue):
    """Plays one dialogue; returns its turns."""
    policy, turns, session = bench.policy(policy_name, wan), [], None
    for one in bench.recorded(dialogue):
        far.tell(do="learn", question=one["question"], answer=one["answer"])
    every = conditions(wan, dialogue.identity, len(dialogue.questions))
    with bench.program(policy_name, wan, far.port) as program:
        for index, (question, met) in enumerate(zip(dialogue.questions, every)):
            document = brought(dialogue, index)
            with Neighbours(met["neighbours"]):
                far.tell(do="turn", wan=WANS[wan], seed=met["seed"], outage=met["outage"])
                turn = one_turn(program, policy, (question, document), session)
                turn.update(far.tell(do="count"), **met)
            session = turn.pop("session") or session
            decision = program.last_decision()
            turn["predicted_ttft"], turn["actual_ttft"] = promised(decision)
            turn["why"] = decision.get("reason")
            turn["met_outage"] = met_outage(turn)
            # It is in the history of later turns, and so part of what each has to evaluate.
            turn["document"] = dialogue.document is not None
            turns.append(turn)
    return turns


def one_turn(program, policy, asked, session):
    """Asks by the policy's modes until one answers; returns the turn as its user saw it. What is asked
    is a question and the document that comes with it, or None."""
    spent, tried = 0.0, 0
    question, document = asked
    for mode in policy.modes((document or "") + question):
        turn = program.ask(question, mode, session, document)
        policy.learn(mode, turn)
        tried += 1
        if turn["answered"]:
            break
        spent += turn["total"] or 0.0
        session = turn["session"] or session
    del turn["pieces"]
    if turn["answered"]:
        turn["ttft"] += spent
        turn["total"] += spent
    turn["rescued"] = turn["answered"] and (tried > 1 or len(set(turn["routes"])) > 1)
    return turn


def promised(decision):
    """Returns the time to the first token that was predicted for the chosen route, and what became of
    it, in seconds, both as the program counts them: from its decision, without its own start."""
    chosen = [one for one in decision.get("candidates") or [] if one["route"] == decision["chosen"]]
    value = chosen and chosen[0].get("ttft_ms")
    came = (decision.get("actual") or {}).get("ttft_ms")
    return [one / 1000 if one else None for one in (value, came)]


def met_outage(turn):
    """Tells whether a turn was away while there was an outage."""
    start = turn["outage"][0] if turn["outage"] else None
    return start is not None and "remote" in turn["routes"] and start < (turn["total"] or 0.0)


def names():
    return list(POLICIES)
