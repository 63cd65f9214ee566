"""The share of answers in time and the mean completion, as an SVG that GitHub shows."""

from figures import FIGURES, interval

COLOURS = ("#8c8c8c", "#b08d57", "#7a9e7e", "#6a8caf", "#c2513f", "#9467a6")
SHOWN = ("in time (%)", "completion mean (s)", "wire (kB)")
WIDTH, BAR, GAP, TOP = 860, 14, 22, 54


def svg(by_wan):
    """Returns the picture: a panel for each figure, in it a group of bars for each network."""
    policies = list(dict.fromkeys(policy for found in by_wan.values() for policy in found))
    parts, wans = [], list(by_wan)
    column = (WIDTH - 40) / len(SHOWN)
    height = TOP + len(wans) * (len(policies) * BAR + GAP) + 20
    for index, policy in enumerate(policies):
        x = 20 + index * 130
        parts.append(f'<rect x="{x}" y="10" width="10" height="10" fill="{colour(index)}"/>'
                     f'<text x="{x + 14}" y="19">{policy}</text>')
    for place, name in enumerate(SHOWN):
        figure, digits = next((entry[1], entry[2]) for entry in FIGURES if entry[0] == name)
        x = 20 + place * column
        parts.append(f'<text x="{x:.0f}" y="{TOP - 14}" font-weight="bold">{name}</text>')
        values = {(wan, policy): figure(turns) or 0.0
                  for wan, found in by_wan.items() for policy, turns in found.items()}
        most = max(values.values(), default=0) or 1
        for row, wan in enumerate(wans):
            y = TOP + row * (len(policies) * BAR + GAP)
            parts.append(f'<text x="{x:.0f}" y="{y + 8:.0f}" fill="#777">{wan}</text>')
            for index, policy in enumerate(policies):
                if (wan, policy) not in values:
                    continue
                value = values[wan, policy]
                at, wide = y + 12 + index * BAR, (column - 90) * value / most
                parts.append(f'<rect x="{x:.0f}" y="{at:.0f}" width="{wide:.1f}" '
                             f'height="{BAR - 3}" fill="{colour(index)}"/>')
                parts.append(whisker(by_wan[wan][policy], figure, (x, at, (column - 90) / most)))
                parts.append(f'<text x="{x + wide + 4:.0f}" y="{at + BAR - 5:.0f}">'
                             f'{value:.{digits}f}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'font-family="sans-serif" font-size="10" fill="#444">'
            f'<rect width="100%" height="100%" fill="#fff"/>' + "".join(parts) + "</svg>\n")


def whisker(turns, figure, where):
    """Returns a line over the interval, or nothing."""
    sure, (x, y, scale) = interval(turns, figure), where
    if not sure:
        return ""
    middle = y + (BAR - 3) / 2
    return (f'<line x1="{x + sure[0] * scale:.1f}" x2="{x + sure[1] * scale:.1f}" '
            f'y1="{middle:.1f}" y2="{middle:.1f}" stroke="#222"/>')


def colour(index):
    return COLOURS[index % len(COLOURS)]
