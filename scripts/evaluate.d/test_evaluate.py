"""What the figures rest on: the link, the policies, the statistics, what is read of a turn."""

import argparse
import asyncio
import contextlib
import io
import json
import random
import tempfile
import unittest

import cells
import chart
import documents
import figures
import link
import main
import policies
import program
import replay
import report


def turn(dialogue=1, index=0, ttft=0.5, total=2.0, route="local", **more):
    """Returns a turn that was answered in time."""
    return {"dialogue": dialogue, "index": index, "ttft": ttft, "total": total, "between": 0.02,
            "answered": True, "routes": [route], "route": route, "rescued": False, "bytes_up": 0,
            "bytes_down": 0, "remote_tokens": 0, "remote_prompt_tokens": 0, **more}


class Figures(unittest.TestCase):
    def test_percentiles_are_values_that_were_measured(self):
        values = [3, 1, 2, 4, 100]
        self.assertEqual(figures.percentile(values, 0.5), 3)
        self.assertEqual(figures.percentile(values, 0.95), 100)
        self.assertIsNone(figures.percentile([], 0.5))

    def test_what_was_lost_is_not_in_time_and_not_timed(self):
        turns = [turn(), turn(ttft=1.6), turn(between=0.2), turn(answered=False, ttft=None, total=None)]
        self.assertEqual([figures.in_time(one) for one in turns], [True, False, False, False])
        p95 = dict((name, figure) for name, figure, _, _ in figures.FIGURES)["TTFT p95 (s)"]
        self.assertEqual(p95(turns), 1.6)

    def test_switches_are_counted_within_a_dialogue(self):
        turns = [turn(1, 0), turn(1, 1, route="remote"), turn(2, 0), turn(2, 1)]
        self.assertEqual(figures.switches(turns), 25)

    def test_bytes_of_a_turn_that_ran_here_are_a_violation(self):
        turns = [turn(), turn(bytes_up=9), turn(bytes_up=9, routes=["remote", "local"])]
        self.assertEqual(figures.violations(turns), 1)

    def test_an_interval_holds_the_value_and_the_same_seed_gives_the_same(self):
        draw = random.Random(1)
        turns = [turn(name, total=draw.uniform(1, 3)) for name in range(20)]
        mean = figures.of_answered("total", figures.average)
        least, most = figures.interval(turns, mean)
        self.assertLess(least, mean(turns))
        self.assertGreater(most, mean(turns))
        self.assertEqual(figures.interval(turns, mean), (least, most))
        self.assertIsNone(figures.interval(turns[:2], mean), "two dialogues tell nothing")

    def test_a_prediction_is_compared_with_what_it_was_made_of(self):
        turns = [turn(ttft=9.0, predicted_ttft=0.5, actual_ttft=1.0),
                 turn(predicted_ttft=0.1, actual_ttft=9.0, rescued=True), turn()]
        self.assertEqual(figures.prediction_error(0.5)(turns), 2.0)

    def test_pairs_are_the_same_turns_of_both(self):
        slow = [turn(name, total=4.0) for name in range(5)]
        fast = [turn(name, total=2.0) for name in range(5)]
        fast[0]["answered"] = False
        change, (least, most) = figures.paired(fast, slow)
        self.assertEqual((change, least, most), (-0.5, -0.5, -0.5))


class Policies(unittest.TestCase):
    def test_a_threshold_leaves_for_long_prompts_and_load_alone(self):
        idle, busy = policies.Threshold(lambda: 0.1), policies.Threshold(lambda: 0.9)
        self.assertEqual(idle.modes("short"), ["local-only"])
        self.assertEqual(idle.modes("x" * 3000), ["remote-only"])
        self.assertEqual(busy.modes("short"), ["remote-only"])

    def test_the_lowest_mean_of_the_last_ten_goes_first(self):
        now = [0.0]
        router = policies.Latency(lambda: now[0])
        answered = lambda ttft: {"answered": True, "ttft": ttft}
        for _ in range(12):
            router.learn("remote-only", answered(1.0))
        router.learn("local-only", answered(2.0))
        self.assertEqual(router.modes("")[0], "remote-only")
        for _ in range(10):
            router.learn("remote-only", answered(3.0))
        self.assertEqual(router.modes("")[0], "local-only", "the newest ten count")
        router.learn("local-only", {"answered": False, "ttft": None})
        self.assertEqual(router.modes(""), ["remote-only", "local-only"], "it rests")
        now[0] = 6.0
        self.assertEqual(router.modes("")[0], "local-only")
        now[0] = 7200.0
        self.assertEqual(router.modes("")[0], "remote-only", "an hour later nothing is known")


class Conditions(unittest.TestCase):
    def test_every_policy_meets_the_same(self):
        self.assertEqual(cells.conditions("bad", 81, 4), cells.conditions("bad", 81, 4))
        load = [one["neighbours"] for one in cells.conditions("good", 81, 4)]
        self.assertEqual(load, [one["neighbours"] for one in cells.conditions("bad", 81, 4)])

    def test_shares_are_as_they_are_said(self):
        draw = random.Random(2)
        counts = [cells.neighbours(draw) for _ in range(4000)]
        self.assertAlmostEqual(counts.count(2) / 4000, cells.TWO / 100, delta=0.02)
        self.assertAlmostEqual(counts.count(1) / 4000, cells.ONE / 100, delta=0.02)
        delays = [link.delay(link.WANS["typical"], draw) for _ in range(4000)]
        self.assertAlmostEqual(sorted(delays)[2000], 0.06, delta=0.001)
        late = sum(delay > 0.2 for delay in delays) / 4000
        self.assertTrue(0.02 < late < 0.08, late)
        self.assertIsNone(link.outage(link.WANS["good"], 0.0, draw))

    def test_few_dialogues_meet_as_many_outages_as_is_said(self):
        for step in (1, 3, 4, 5):
            turns = [one for name in range(81, 81 + 20 * step, step)
                     for one in cells.conditions("bad", name, 2)]
            met = sum(one["outage"] is not None for one in turns)
            self.assertTrue(8 <= met <= 12, f"{met} of {len(turns)} turns, every {step}th dialogue")

    def test_headers_weigh_on_small_pieces(self):
        self.assertEqual(link.on_wire(100), 100 + 2 * link.HEADERS)
        self.assertEqual(link.on_wire(4 * link.SEGMENT), 4 * link.SEGMENT + 6 * link.HEADERS)


class Documents(unittest.TestCase):
    LIBRARY = documents.library(main.ROOT)

    def test_each_is_the_same_every_time_and_of_the_size_that_is_said(self):
        texts = [documents.cut(self.LIBRARY, identity) for identity in range(81, 161)]
        self.assertEqual(texts, [documents.cut(self.LIBRARY, identity) for identity in range(81, 161)])
        self.assertGreater(len(set(texts)), 70)
        for text in texts:
            self.assertTrue(documents.LEAST - 300 <= len(text) <= documents.MOST, len(text))
            self.assertIn(text, self.LIBRARY)

    def test_every_second_dialogue_brings_one_with_its_first_question(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for identity in range(81, 91):
                file.write(json.dumps({"question_id": identity, "turns": ["a", "b"]}) + "\n")
            file.flush()
            plain = cells.dialogues(file.name, 4)
            brings = cells.dialogues(file.name, 4, self.LIBRARY)
        self.assertEqual([one.document for one in plain], [None] * 4)
        self.assertEqual([one.document is not None for one in brings], [False, True, False, True])
        self.assertEqual([one.identity for one in plain], [one.identity for one in brings])
        self.assertNotEqual(cells.name_of(plain[1]), cells.name_of(brings[1]))
        self.assertEqual(cells.brought(brings[1], 0), brings[1].document)
        self.assertIsNone(cells.brought(brings[1], 1))

    def test_an_answer_is_known_by_its_question_behind_a_document(self):
        server = replay.Replay()
        server.learn("Why?", ["a"])
        server.learn("And why?", ["b"])
        self.assertEqual(server.answer_to("`notes.md`:\n\n```md\ntext\n```\n\nAnd why?\n"), ["b"])
        self.assertEqual(server.answer_to("Why?"), ["a"])
        self.assertEqual(server.answer_to("Who?"), replay.FALLBACK)

    def test_turns_with_and_without_one_are_told_apart(self):
        turns = [turn(1, document=True, ttft=9.0), turn(2, document=True), turn(3, document=False)]
        self.assertEqual(figures.in_time_of(True)(turns), 50)
        self.assertEqual(figures.in_time_of(False)(turns), 100)
        self.assertIsNone(figures.in_time_of(True)(turns[:2]), "all have one")
        self.assertNotIn("document", report.table({"edgewise": [turn()]}))


class Turns(unittest.TestCase):
    def test_a_turn_is_what_its_user_saw(self):
        events = [
            (0.1, {"type": "route", "kind": "remote"}), (0.9, {"type": "route", "kind": "local"}),
            (1.0, {"type": "delta", "text": " "}), (1.5, {"type": "delta", "text": "a"}),
            (2.5, {"type": "delta", "text": "b"}),
            (2.6, {"type": "finish", "reason": "length", "error": None, "session": "s"}),
        ]
        seen = program.seen(events)
        self.assertEqual((seen["ttft"], seen["total"], seen["between"]), (1.5, 2.6, 0.5))
        self.assertEqual((seen["route"], seen["answered"]), ("local", True))
        broken = program.seen(events[:-1] + [(3, {"type": "finish", "reason": "interrupted"})])
        self.assertFalse(broken["answered"])
        self.assertFalse(program.seen([])["answered"])

    def test_the_next_route_is_tried_and_its_time_counts_with_the_first_ones(self):
        class Both(policies.Fixed):
            def modes(self, *_):
                return ["remote-only", "local-only"]

        class Stub:
            def ask(self, _question, mode, _session, _document):
                answered = mode == "local-only"
                return {"answered": answered, "ttft": 0.5 if answered else None, "total": 2.0,
                        "routes": ["x"], "session": None, "pieces": []}

        seen = cells.one_turn(Stub(), Both(""), ("q", None), None)
        self.assertEqual((seen["ttft"], seen["total"], seen["rescued"]), (2.5, 4.0, True))

    def test_a_prediction_is_the_chosen_routes(self):
        decision = {"chosen": "local", "candidates": [
            {"route": "remote:wan", "ttft_ms": 900}, {"route": "local", "ttft_ms": 250.0}]}
        self.assertEqual(cells.promised(decision), [0.25, None])
        self.assertEqual(cells.promised({**decision, "actual": {"ttft_ms": 500.0}}), [0.25, 0.5])
        self.assertEqual(cells.promised({}), [None, None])

    def test_an_outage_is_met_only_by_who_is_away_then(self):
        met = lambda **more: cells.met_outage(turn(**more))
        early, late = [-1.0, 5.0, "dark"], [2.4, 5.0, "down"]
        self.assertTrue(met(route="remote", outage=early))
        self.assertFalse(met(route="local", outage=early))
        self.assertFalse(met(route="remote", outage=late, total=2.0))
        self.assertFalse(met(route="remote", outage=None))


class Far(unittest.TestCase):
    """The relay and the endpoint behind it, over loopback."""

    def ask(self, wan, outage=None):
        async def whole():
            server = replay.Replay()
            server.learn("hello", ["a", "b"])
            relay = link.Link(await server.listen())
            port = await relay.listen()
            await relay.begin(wan, 1, outage)
            if outage and outage[2] == "down":
                # The listener closes as soon as the loop comes round.
                while relay.server:
                    await asyncio.sleep(0)
                with self.assertRaises(OSError):
                    await asyncio.open_connection("127.0.0.1", port)
                return None
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = json.dumps({"messages": [{"role": "user", "content": "hello"}]}).encode()
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\n"
                         b"content-length: %d\r\n\r\n" % len(body) + body)
            answer = await reader.readuntil(b"0\r\n\r\n")
            writer.close()
            return answer, {**relay.count(), **server.count()}

        return asyncio.run(whole())

    def test_an_answer_passes_whole_and_is_counted(self):
        answer, counted = self.ask({**link.WANS["good"], "rtt": 0.002})
        for piece in (b'"content": "a"', b'"content": "b"', b'"completion_tokens": 2', b"[DONE]"):
            self.assertIn(piece, answer)
        self.assertEqual((counted["requests"], counted["remote_tokens"]), (1, 2))
        self.assertGreater(counted["bytes_down"], len(answer))

    def test_nobody_is_let_in_while_the_link_is_down(self):
        self.ask(link.WANS["good"], [-1, 600, "down"])

    def test_what_is_open_is_cut_when_the_link_goes_down(self):
        async def whole():
            server = replay.Replay()
            relay = link.Link(await server.listen())
            port = await relay.listen()
            await relay.begin(link.WANS["good"], 1, None)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while not relay.writers:
                await asyncio.sleep(0)
            cut = asyncio.create_task(relay.close_for(0, 600))
            with self.assertRaises(OSError):
                if await reader.read() == b"":
                    raise OSError("it was cut without a reset")
            cut.cancel()
            writer.close()

        asyncio.run(whole())

    def test_the_next_turn_finds_the_link_up_again(self):
        async def whole():
            relay, failed = link.Link(0), []
            asyncio.get_running_loop().set_exception_handler(lambda *told: failed.append(told))
            port = await relay.listen()
            for _ in range(20):
                await relay.begin(link.WANS["good"], 1, [-1, 600, "down"])
                while relay.server:
                    await asyncio.sleep(0)
                await relay.begin(link.WANS["good"], 1, None)
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
            return failed

        self.assertEqual(asyncio.run(whole()), [])

    def test_an_answer_waits_until_a_dark_line_is_back(self):
        answer, _ = self.ask({**link.WANS["good"], "rtt": 0.002}, [-1, 1.3, "dark"])
        self.assertIn(b"[DONE]", answer)
        relay = link.Link(0)

        async def back(off):
            await relay.listen()
            await relay.begin(link.WANS["good"], 1, off)
            return relay.until_back()

        self.assertAlmostEqual(asyncio.run(back([-1, 3, "dark"])), 2, delta=1)
        relay = link.Link(0)
        self.assertEqual(asyncio.run(back([60, 3, "dark"])), 0)

    def test_a_port_that_is_wished_for_is_taken_if_it_is_free(self):
        async def ports():
            one, two = link.Link(0), link.Link(0)
            port = await one.listen()
            return port, await two.listen(port)

        first, second = asyncio.run(ports())
        self.assertNotEqual(first, second)


class Resuming(unittest.TestCase):
    """What is there is not played again, and nothing of another program is mixed in."""

    def bench(self, place, text, brings=False):
        for name in ("binary", "model", "dialogues"):
            with open(f"{place}/{name}", "w", encoding="utf-8") as file:
                file.write(text if name == "binary" else "same")
        return main.Bench(argparse.Namespace(
            binary=f"{place}/binary", model=f"{place}/model", dialogues=f"{place}/dialogues",
            documents=brings, out=f"{place}/out"), None)

    def test_a_cell_is_played_once_and_half_of_one_not_kept(self):
        with tempfile.TemporaryDirectory() as place:
            bench, calls = self.bench(place, "a"), []
            make = lambda: calls.append(1) or {"turns": len(calls)}
            with self.assertRaises(ZeroDivisionError):
                bench.once("bad-edgewise-81", lambda: 1 // 0)
            self.assertFalse(bench.has("bad-edgewise-81"))
            self.assertEqual(bench.once("bad-edgewise-81", make), {"turns": 1})
            again = self.bench(place, "a")
            self.assertEqual(again.once("bad-edgewise-81", make), {"turns": 1})
            self.assertEqual(calls, [1])

    def test_nothing_of_another_program_counts(self):
        with tempfile.TemporaryDirectory() as place:
            self.bench(place, "a").once("bad-edgewise-81", lambda: "played")
            self.assertFalse(self.bench(place, "b").has("bad-edgewise-81"))
            self.assertTrue(self.bench(place, "a").has("bad-edgewise-81"))
            self.assertFalse(self.bench(place, "a", brings=True).has("bad-edgewise-81"))

    def test_a_cell_that_broke_is_tried_once_more(self):
        calls = []

        def make():
            calls.append(1)
            if len(calls) == 1:
                raise OSError("gone")
            return "played"

        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(main.twice(make, "cell"), "played")
            with self.assertRaises(OSError):
                calls.clear()
                main.twice(lambda: (_ for _ in ()).throw(OSError("still gone")), "cell")


class Reports(unittest.TestCase):
    def test_a_table_and_a_picture_of_what_there_is(self):
        found = {"cloud-only": [turn(name, total=4.0, route="remote", bytes_up=500, remote_tokens=50)
                                for name in range(4)],
                 "edgewise": [turn(name) for name in range(4)]}
        text = report.table(found)
        self.assertIn("| completion mean (s)", text)
        self.assertEqual(len({len(line) for line in text.splitlines()}), 1, "columns are aligned")
        lines = report.reached(found)
        self.assertIn("completion mean: -50% (-50% to -50%), to reach -30%: reached", lines)
        self.assertIn("wire: -100%, to reach -50%: reached", lines)
        found["edgewise"][0]["answered"] = False
        self.assertIn("lost turns: 1, to reach 0: not reached", report.reached(found))
        picture = chart.svg({"good": found})
        self.assertTrue(picture.startswith("<svg") and picture.count("<rect") > 6)


if __name__ == "__main__":
    unittest.main()
