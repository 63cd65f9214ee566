"""What many turns amount to, and how sure that is."""

import random
from statistics import mean

# An answer is in time if its first token comes within this many seconds and the others, on average,
# within that many after each other.
SLO_TTFT, SLO_BETWEEN = 1.5, 0.1
SAMPLES, SURE = 1000, 0.95


def percentile(values, share):
    """Returns the value that this share of the values lies at or below; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def in_time(turn):
    """Tells whether an answer came as fast as the profile asks for; one that was lost did not."""
    return (turn["answered"] and turn["ttft"] <= SLO_TTFT
            and (turn["between"] or 0.0) <= SLO_BETWEEN)


def in_time_of(with_document):
    """The same of the turns that have a document to evaluate, or of those that have none; None where
    not both are played."""
    def figure(turns):
        kinds = [bool(turn.get("document")) for turn in turns]
        if all(kinds) or not any(kinds):
            return None
        return share_in_time([turn for turn, kind in zip(turns, kinds) if kind == with_document])
    return figure


def share_in_time(turns):
    return 100 * sum(map(in_time, turns)) / max(1, len(turns))


def total(name):
    return lambda turns: sum(turn.get(name) or 0 for turn in turns)


def of_answered(name, what):
    """A figure over the answered turns; what was lost is counted, not timed."""
    return lambda turns: what([turn[name] for turn in turns if turn["answered"]])


def prediction_error(share):
    """How far the time to the first token was off where it was decided: actual over predicted. A turn
    that ended elsewhere is no measure of what was said of its first route."""
    def figure(turns):
        pairs = [(turn.get("actual_ttft"), turn.get("predicted_ttft")) for turn in turns
                 if turn["answered"] and not turn["rescued"]]
        return percentile([actual / said for actual, said in pairs if actual and said], share)
    return figure


def switches(turns):
    """Counts changes of the route from one turn of a dialogue to the next, for a hundred turns."""
    changes = sum(1 for one, two in zip(turns, turns[1:])
                  if one["dialogue"] == two["dialogue"] and one["route"] != two["route"])
    return 100 * changes / len(turns) if turns else 0.0


def violations(turns):
    """Counts turns that ran on the device and sent something all the same."""
    return sum(1 for turn in turns if "remote" not in turn["routes"] and turn["bytes_up"] > 0
               and not turn["rescued"])


def average(values):
    return mean(values) if values else None


# Name, how it is taken, digits after the point, whether less is better (None: neither).
FIGURES = (
    ("TTFT p50 (s)", of_answered("ttft", lambda it: percentile(it, 0.5)), 2, True),
    ("TTFT p95 (s)", of_answered("ttft", lambda it: percentile(it, 0.95)), 2, True),
    ("completion mean (s)", of_answered("total", average), 2, True),
    ("completion p50 (s)", of_answered("total", lambda it: percentile(it, 0.5)), 2, True),
    ("completion p95 (s)", of_answered("total", lambda it: percentile(it, 0.95)), 2, True),
    ("in time (%)", share_in_time, 0, False),
    ("- with a document (%)", in_time_of(True), 0, False),
    ("- without one (%)", in_time_of(False), 0, False),
    ("wire (kB)", lambda turns: (total("bytes_up")(turns) + total("bytes_down")(turns)) / 1000, 0, True),
    ("remote tokens", lambda turns: total("remote_prompt_tokens")(turns) + total("remote_tokens")(turns), 0, True),
    ("lost turns", lambda turns: sum(not turn["answered"] for turn in turns), 0, True),
    ("outages met away", total("met_outage"), 0, None),
    ("rescued turns", lambda turns: sum(turn["rescued"] for turn in turns), 0, None),
    ("switches per 100 turns", switches, 0, None),
    ("TTFT actual/predicted p50", prediction_error(0.5), 2, None),
    ("TTFT actual/predicted p90", prediction_error(0.9), 2, None),
    ("privacy violations", violations, 0, True),
)


def by_dialogue(turns):
    """Returns lists of turns, one for each dialogue, in the order of their names."""
    found = {}
    for turn in turns:
        found.setdefault(turn["dialogue"], []).append(turn)
    return [found[name] for name in sorted(found)]


def interval(turns, figure, seed=0):
    """Returns the figure's least and most likely value: the bootstrap over whole dialogues, because
    the turns of one are not independent. None for fewer than three dialogues."""
    return _interval([(dialogue,) for dialogue in by_dialogue(turns)],
                     lambda parts: figure(parts[0]), seed)


def paired(turns, others, seed=0):
    """Returns by how much `turns` complete sooner than `others`, as a share of the others' mean, with
    its interval: the same dialogues are drawn of both, of turns that both answered."""
    ours = {(turn["dialogue"], turn["index"]): turn for turn in turns if turn["answered"]}
    pairs = [(ours[key], turn) for turn in others
             if turn["answered"] and (key := (turn["dialogue"], turn["index"])) in ours]
    grouped = {}
    for mine, other in pairs:
        grouped.setdefault(mine["dialogue"], ([], []))
        grouped[mine["dialogue"]][0].append(mine)
        grouped[mine["dialogue"]][1].append(other)

    def share(parts):
        mine, other = (sum(turn["total"] for turn in part) for part in parts)
        return mine / other - 1 if other else None

    units = [grouped[name] for name in sorted(grouped)]
    return share(_joined(units)) if units else None, _interval(units, share, seed)


def _joined(units):
    return [[turn for unit in units for turn in unit[side]] for side in range(len(units[0]))]


def _interval(units, figure, seed):
    if len(units) < 3:
        return None
    draw = random.Random(seed)
    values = [figure(_joined(draw.choices(units, k=len(units)))) for _ in range(SAMPLES)]
    values = sorted(value for value in values if value is not None)
    if not values:
        return None
    least = int((1 - SURE) / 2 * len(values))
    return values[least], values[len(values) - 1 - least]
