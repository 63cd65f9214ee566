"""The tables, as Markdown."""

from figures import FIGURES, interval, paired


def number(value, digits):
    return "–" if value is None else f"{value:.{digits}f}"


def cell(turns, figure, digits):
    """Returns a figure with its interval."""
    value, sure = figure(turns), interval(turns, figure)
    text = number(value, digits)
    if value is None or sure is None or f"{sure[0]:.{digits}f}" == f"{sure[1]:.{digits}f}":
        return text
    return f"{text} ({sure[0]:.{digits}f}–{sure[1]:.{digits}f})"


def table(by_policy):
    """Returns a network's table: a row for each figure, a column for each policy."""
    policies = list(by_policy)
    rows = [["", *policies]]
    for name, figure, digits, _ in FIGURES:
        # A figure that says nothing of any policy is none of this workload.
        if all(figure(turns) is None for turns in by_policy.values()):
            continue
        rows.append([name, *(cell(by_policy[policy], figure, digits) for policy in policies)])
    return aligned(rows)


def aligned(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    form = lambda row: "| " + " | ".join(f"{text:{width}}" for text, width in zip(row, widths)) + " |"
    return "\n".join([form(rows[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|",
                      *map(form, rows[1:])])


# What the program is to reach against always asking the endpoint.
REACH = (("completion mean (s)", -0.30), ("wire (kB)", -0.50), ("remote tokens", -0.40))


def reached(by_policy, ours="edgewise", against="cloud-only"):
    """Returns a line for each thing to reach: what it is, and whether it was."""
    if not by_policy.get(ours) or not by_policy.get(against):
        return []
    lines = []
    mine, others = by_policy[ours], by_policy[against]
    for name, goal in REACH:
        figure = next(entry[1] for entry in FIGURES if entry[0] == name)
        base = figure(others)
        change, sure = (figure(mine) / base - 1 if base and figure(mine) is not None else None), None
        if name.startswith("completion"):
            change, sure = paired(mine, others)
        if change is None:
            continue
        between = f" ({sure[0]:+.0%} to {sure[1]:+.0%})" if sure else ""
        verdict = "reached" if change <= goal else "not reached"
        lines.append(f"{name.split(' (')[0]}: {change:+.0%}{between}, to reach {goal:+.0%}: {verdict}")
    lost = sum(not turn["answered"] for turn in mine)
    lines.append(f"lost turns: {lost}, to reach 0: {'reached' if lost == 0 else 'not reached'}")
    in_time = next(entry[1] for entry in FIGURES if entry[0].startswith("in time"))
    best = max((in_time(turns), policy) for policy, turns in by_policy.items() if policy != ours)
    verdict = "reached" if in_time(mine) >= best[0] else "not reached"
    lines.append(f"in time: {in_time(mine):.0f} %, the best of the others {best[0]:.0f} % "
                 f"({best[1]}): {verdict}")
    return lines
