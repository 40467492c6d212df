"""bench/draw.py -- the plots of docs/benchmarks.md, as small SVG files without a library.

Mid tones on no background: they read on white and on black. Colours are those of Okabe and Ito,
which people who see few colours can tell apart; every line and bar has its name beside it.

SPDX-License-Identifier: MIT
"""
import math
from xml.sax.saxutils import escape

BLUE = "#1f7fc4"
ORANGE = "#e69f00"
RED = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
AMBER = "#b07d00"  # of orange, for text
TEXT = "#6e7781"
FAINT = "#8c959f"
WHISKER = "#656d76"  # seen on the bars, too
PEERS = [RED, ORANGE, GREEN, PURPLE, "#a08c00", "#7a5195", FAINT]
FONT = "system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif"


class Svg:
    """Collects elements; coordinates are in pixels from the top left."""

    def __init__(self, width, height, title):
        self.width = width
        self.height = height
        self.title = title
        self.parts = []

    def line(self, x1, y1, x2, y2, color=FAINT, width=1.0, dash="", opacity=1.0):
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        extra += f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{color}" '
                          f'stroke-width="{width:g}"{extra}/>')

    def path(self, points, color, width=2.0):
        d = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.parts.append(f'<path d="M{d}" fill="none" stroke="{color}" stroke-width="{width:g}" '
                          'stroke-linejoin="round" stroke-linecap="round"/>')

    def band(self, upper, lower, color):
        d = "L".join(f"{x:.1f} {y:.1f}" for x, y in upper + lower[::-1])
        self.parts.append(f'<path d="M{d}Z" fill="{color}" fill-opacity="0.15"/>')

    def rect(self, x, y, width, height, color, opacity=1.0):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" rx="1.5" fill="{color}" '
                          f'fill-opacity="{opacity:g}"/>')

    def dot(self, x, y, color, radius=3.5):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{color}"/>')

    def diamond(self, x, y, color, half=4.0):
        self.parts.append(f'<path d="M{x - half:.1f} {y:.1f}L{x:.1f} {y - half:.1f}'
                          f'L{x + half:.1f} {y:.1f}L{x:.1f} {y + half:.1f}Z" fill="none" '
                          f'stroke="{color}" stroke-width="1.4"/>')

    def text(self, x, y, text, anchor="start", color=TEXT, size=12, bold=False):
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" '
                          f'font-size="{size}"{weight}>{escape(str(text))}</text>')

    def write(self, path):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} '
                f'{self.height:g}" width="{self.width:g}" height="{self.height:g}" '
                f'font-family="{FONT}" role="img" aria-label="{escape(self.title)}">')
        body = "\n".join([head, f"<title>{escape(self.title)}</title>"] + self.parts + ["</svg>"])
        path.write_text(body + "\n", encoding="utf-8")


class Axis:
    """A logarithmic scale from two values to two places."""

    def __init__(self, low, high, start, end):
        self.low = math.log(low)
        self.high = math.log(high)
        self.start = start
        self.end = end

    def at(self, value):
        part = (math.log(value) - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(max(part, 0.0), 1.0)


def ticks(low, high, steps=(1, 2, 5)):
    """1, 2, 5, 10, ... between the two."""
    found = []
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        found += [step * 10.0 ** power for step in steps]
    return [t for t in found if low * 0.999 <= t <= high * 1.001]


def around(values, steps=(1, 2, 5)):
    """The ticks that enclose all values, as a range."""
    outer = ticks(min(values) / 20, max(values) * 20, steps)
    low = max((t for t in outer if t <= min(values)), default=outer[0])
    high = min((t for t in outer if t >= max(values)), default=outer[-1])
    return (low, high) if low < high else (low, high * 10)


def short(value):
    """1234567 becomes 1.2 M, as axes want it."""
    for limit, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit * 0.9995:
            return f"{value / limit:.3g}{letter}"
    return f"{value:.3g}"


def duration(ns):
    """Nanoseconds as axes want them."""
    for limit, unit in ((1e9, " s"), (1e6, " ms"), (1e3, " µs")):
        if ns >= limit * 0.9995:
            return f"{ns / limit:.3g}{unit}"
    return f"{ns:.3g} ns"


def times(value):
    """A ratio in the digits that it has."""
    digits = 0 if value >= 99.5 else 1 if value >= 9.95 else 2
    return f"{value:.{digits}f}×"


def colors(names):
    """A colour for each: blue ones for ours."""
    peers = [name for name in names if not name.startswith("XTree")]
    found = {name: PEERS[i % len(PEERS)] for i, name in enumerate(peers)}
    return {name: found.get(name, BLUE if name == "XTree" else SKY) for name in names}


# ---- ratios -------------------------------------------------------------------------------------

def verdict_color(bar):
    if bar["ratio"] < 1:
        return RED
    return BLUE if bar["met"] else ORANGE


def ratio_legend(svg, x, y):
    for color, text in ((BLUE, "target met"), (ORANGE, "ahead, target missed"),
                        (RED, "behind the best peer")):
        svg.rect(x, y - 8, 14, 9, color, 0.9)
        svg.text(x + 20, y, text, size=11)
        x += 30 + 6.0 * len(text)
    svg.line(x + 4, y - 11, x + 4, y + 3, WHISKER, 2.5)
    svg.text(x + 12, y, "must", size=11)
    svg.diamond(x + 58, y - 4, TEXT)
    svg.text(x + 68, y, "aim", size=11)
    svg.line(x + 104, y - 4, x + 124, y - 4, TEXT, 1)
    svg.text(x + 130, y, "least to most", size=11)
    svg.text(x + 222, y, "1× is the best peer", size=11, bold=True)


def ratio_bar(svg, axis, y, bar):
    color = verdict_color(bar)
    zero = axis.at(1)
    end = axis.at(bar["ratio"])
    svg.text(axis.start - 14, y + 4, bar["label"], "end")
    svg.rect(min(zero, end), y - 5, max(abs(end - zero), 1.0), 10, color, 0.9)
    for at in (axis.at(bar["least"]), axis.at(bar["most"])):
        svg.line(at, y - 2.5, at, y + 2.5, WHISKER, 1)
    svg.line(axis.at(bar["least"]), y, axis.at(bar["most"]), y, WHISKER, 1)
    if bar["must"]:
        x = axis.at(bar["must"])
        svg.line(x, y - 8, x, y + 8, WHISKER, 2.5)
    if bar["aim"]:
        svg.diamond(axis.at(bar["aim"]), y, WHISKER)
    mark = "" if not bar["must"] else "✓" if bar["met"] else "✗"
    color = AMBER if color == ORANGE else color
    svg.text(axis.end + 52, y + 4, times(bar["ratio"]), "end", color, bold=True)
    svg.text(axis.end + 60, y + 4, mark, color=color, bold=True)
    svg.text(axis.end + 76, y + 4, bar["peer"], size=11)


def ratio_chart(path, title, sections, width=900):
    """Sections of bars: our ratio to the best peer, with what it must be and what is aimed at."""
    bars = [bar for _, rows in sections for bar in rows]
    values = [v for b in bars for v in (b["ratio"], b["must"], b["aim"], 1.0) if v]
    low, high = around([min(max(v, 0.11), 49) for v in values])
    height = 64 + sum(30 + 20 * len(rows) for _, rows in sections) + 20
    svg = Svg(width, height, title)
    axis = Axis(low, high, 222, 610)
    ratio_legend(svg, 8, 18)
    top = 44
    for tick in ticks(low, high):
        x = axis.at(tick)
        svg.line(x, top + 4, x, height - 22, TEXT if tick == 1 else FAINT,
                 1.2 if tick == 1 else 0.6, opacity=1.0 if tick == 1 else 0.35)
        for place in (top - 2, height - 8):
            svg.text(x, place, f"{tick:g}×", "middle", size=11, bold=tick == 1)
    y = top + 8
    for section, rows in sections:
        y += 20
        svg.text(8, y, section, size=12, bold=True)
        y += 16 if section else 0
        for bar in rows:
            ratio_bar(svg, axis, y, bar)
            y += 20
        y -= 6
    svg.write(path)


# ---- lines --------------------------------------------------------------------------------------

def spread_labels(labels, gap, low, high):
    """Moves the labels apart: (y, ...) tuples become a list of new y, in the same order."""
    order = sorted(range(len(labels)), key=lambda i: labels[i])
    placed = [0.0] * len(labels)
    last = low - gap
    for i in order:
        last = max(labels[i], last + gap)
        placed[i] = last
    over = last - high
    for i in reversed(order):
        if over <= 0:
            break
        placed[i] = min(placed[i], high if i == order[-1] else after - gap)
        after = placed[i]
    return placed


class Panel:
    """A plot of lines: names of the places on x, and values on a logarithmic y."""

    def __init__(self, title, places, unit, form=short):
        self.title = title
        self.places = places
        self.unit = unit
        self.form = form  # what writes a value beside the axis
        self.lines = []  # name, colour, values (None: not there), bold
        self.marks = []  # name, value: a line across

    def add(self, name, color, values, bold=False):
        self.lines.append((name, color, values, bold))

    def values(self):
        found = [v for _, _, values, _ in self.lines for v in values if v]
        return found + [value for _, value in self.marks]


def panel_draw(svg, panel, box, limits, note=""):
    left, top, right, bottom = box
    axis = Axis(limits[0], limits[1], bottom, top)
    step = (right - left) / max(len(panel.places) - 1, 1)
    svg.text(left, top - 30, panel.title, size=13, bold=True)
    svg.text(left, top - 14, panel.unit, size=11)
    for tick in ticks(limits[0], limits[1], (1,)):
        svg.line(left - 6, axis.at(tick), right + 6, axis.at(tick), FAINT, 0.6, opacity=0.4)
        svg.text(left - 10, axis.at(tick) + 4, panel.form(tick), "end", size=11)
    for i, place in enumerate(panel.places):
        svg.text(left + i * step, bottom + 18, place, "middle", size=11)
    svg.text((left + right) / 2, bottom + 34, note, "middle", size=11)
    for name, value in panel.marks:
        svg.line(left - 6, axis.at(value), right + 6, axis.at(value), TEXT, 1, "4 3")
    names = [(name, TEXT, False) for name, _ in panel.marks]
    ends = [axis.at(value) for _, value in panel.marks]
    for name, color, values, bold in panel.lines:
        points = [(left + i * step, axis.at(v)) for i, v in enumerate(values) if v]
        svg.path(points, color, 2.6 if bold else 1.6)
        for x, y in points:
            svg.dot(x, y, color, 3.6 if bold else 2.6)
        ends.append(points[-1][1])
        names.append((name, color, bold))
    labels = spread_labels(ends, 13, top, bottom)
    for (name, color, bold), y in zip(names, labels):
        svg.text(right + 12, y + 4, name, color=color, size=11, bold=bold)


def line_chart(path, title, panels, note="", width=900, height=330):
    """Panels side by side on one scale of y; a name at the end of each line."""
    values = [v for p in panels for v in p.values()]
    limits = around(values, (1,)) if max(values) / min(values) > 8 else around(values)
    svg = Svg(width, height, title)
    names = [line[0] for p in panels for line in p.lines + p.marks]
    label_width = 12 + max(6.2 * len(name) for name in names)
    each = width / len(panels)
    for i, panel in enumerate(panels):
        box = (i * each + 56, 48, (i + 1) * each - label_width - 8, height - 48)
        panel_draw(svg, panel, box, limits, note)
    svg.write(path)


# ---- rows of dots -------------------------------------------------------------------------------

class Linear:
    """A scale from 0."""

    def __init__(self, high, start, end):
        self.high = high
        self.start = start
        self.end = end

    def at(self, value):
        return self.start + (self.end - self.start) * value / self.high


def dot_panel(svg, rows, axis, marks, top, title):
    """Rows of (name, value) in one column; marks are the places of the scale."""
    svg.text(axis.start, top - 24, title, size=12, bold=True)
    bottom = top + 18 * len(rows)
    for mark in marks:
        svg.line(axis.at(mark), top - 2, axis.at(mark), bottom, FAINT, 0.6, opacity=0.4)
        svg.text(axis.at(mark), top - 7, short(mark), "middle", size=10)
    for i, (name, value) in enumerate(rows):
        y = top + 10 + 18 * i
        if value is None:
            continue
        is_ours = name.startswith("XTree")
        color = BLUE if is_ours else FAINT
        svg.line(axis.start, y, axis.at(value), y, color, 2 if is_ours else 1,
                 opacity=0.9 if is_ours else 0.6)
        svg.dot(axis.at(value), y, color, 4.5 if is_ours else 3.5)
        svg.text(axis.at(value) + 8, y + 4, short(value), size=10, bold=is_ours,
                 color=BLUE if is_ours else TEXT)


def dot_chart(path, title, names, columns, from_zero=False, width=900):
    """Libraries in rows; columns of (title, {name: value}), each on the same scale."""
    values = [v for _, column in columns for v in column.values()]
    limits = around(values, (1,))
    svg = Svg(width, 52 + 18 * len(names) + 8, title)
    names_width = 18 + max(6.6 * len(name) for name in names)
    each = (width - names_width) / len(columns)
    for i, name in enumerate(names):
        is_ours = name.startswith("XTree")
        svg.text(names_width - 12, 48 + 18 * i + 14, name, "end", bold=is_ours,
                 color=BLUE if is_ours else TEXT)
    for i, (column_title, column) in enumerate(columns):
        left = names_width + i * each
        right = left + each - 52
        axis = Linear(max(values), left, right) if from_zero else Axis(*limits, left, right)
        marks = [0, 50, 100] if from_zero else ticks(*limits, (1,))
        dot_panel(svg, [(name, column.get(name)) for name in names], axis,
                  [m for m in marks if not from_zero or m <= max(values)], 48, column_title)
    svg.write(path)
