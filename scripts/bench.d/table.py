"""The table, as people and programs read it."""

from statistics import median

HEAD = ("row", "edgewise", "peer", "", "ratio", "to reach", "reached", "others' CPU")


def spread(values, unit):
    """Returns the median with the least and the most."""
    digits = 0 if min(values) >= 100 else 1
    middle = f"{median(values):.{digits}f}"
    if len(values) > 1:
        middle += f" ({min(values):.{digits}f}–{max(values):.{digits}f})"
    return f"{middle} {unit}"


def ratio(outcome):
    """Returns edgewise's median over the peer's."""
    return median(outcome["edgewise"]) / median(outcome["peer"])


def line(row, outcome):
    """Returns the cells of a row."""
    if outcome.get("reason"):
        return (row.work, f"could not run: {outcome['reason']}", "", row.peer, "", row.reach, "", "")
    others = outcome["load"]["others"]
    return (
        row.work,
        spread(outcome["edgewise"], row.unit),
        spread(outcome["peer"], row.unit),
        row.peer,
        f"{ratio(outcome):.2f}",
        row.reach,
        "yes" if row.reached(ratio(outcome)) else "no",
        "" if others is None else f"{others:.0%}",
    )


def markdown(lines):
    """Returns lines of cells as a Markdown table, the columns aligned."""
    cells = [HEAD, *lines]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    # A reason may be long; it does not make every row so.
    widths[1] = max(len(line[1]) for line in cells if not line[1].startswith("could not"))
    form = lambda line: "| " + " | ".join(f"{cell:{width}}" for cell, width in zip(line, widths)) + " |"
    return "\n".join([form(HEAD), "|" + "|".join("-" * (width + 2) for width in widths) + "|",
                      *map(form, lines)])
