#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Draws as SVG what people see of loopwatch. `./dev pictures` runs it on what programs have written just then.

    draw.py terminal < TEXT               a terminal that shows the text, with its colours
    draw.py page COMMANDS < SUMMARY       a job's page of GitHub's: its annotations, from the lines ::error ...:: of the
                                          file COMMANDS, and its summary, headings and tables in Markdown
"""

import html
import re
import sys

MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
SANS = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, 'DejaVu Sans', sans-serif"


def drawing(width, height, background, border, family, parts):
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="0 0 {width:.0f} {height:.0f}" font-family="{html.escape(family)}" xml:space="preserve">',
            f'<rect x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="6" fill="{background}"'
            f' stroke="{border}"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def text(x, y, words, size, colour, family="", weight="", length=None):
    other = f' font-family="{html.escape(family)}"' if family else ""
    bold = f' font-weight="{weight}"' if weight else ""
    # Whatever font there is, columns stay where they are.
    fixed = f' textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"' if length else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{other}{bold}{fixed}>'
        f"{html.escape(words, quote=False)}</text>"
    )


# --- a terminal ---

COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#76e3ea"}


class Pen:
    def __init__(self):
        self.reset()

    def reset(self):
        self.colour, self.weight = "#e6edf3", ""

    def obey(self, codes):
        for code in codes.split(";"):
            if code in ("", "0"):
                self.reset()
            elif code == "1":
                self.weight = "bold"
            elif code == "2":
                self.colour = "#8b949e"
            elif code in COLOURS:
                self.colour = COLOURS[code]
            else:
                sys.exit(f"draw.py does not know the colour {code}")


def terminal(source):
    column, row, size, margin = 7.2, 17, 12, 14
    source = re.sub("\033\\]8;;.*?\033\\\\", "", source)  # hyperlinks
    lines = source.replace("\r", "").rstrip("\n").split("\n")
    pen, parts, widest = Pen(), [], 0
    for number, line in enumerate(lines):
        at = 0
        for piece in re.split("(\033\\[[0-9;]*m)", line):
            if piece.startswith("\033["):
                pen.obey(piece[2:-1])
                continue
            words = piece.strip(" ")
            if words:
                x = margin + column * (at + len(piece) - len(piece.lstrip(" ")))
                y = margin + row * number + size
                parts.append(text(x, y, words, size, pen.colour, "", pen.weight, column * len(words)))
            at += len(piece)
        widest = max(widest, at)
    return drawing(2 * margin + column * widest, 2 * margin + row * len(lines), "#0d1117", "#30363d", MONO, parts)


# --- a job's page ---

INK, FAINT, RED, LINE, STRIPE = "#1f2328", "#59636e", "#d1242f", "#d1d9e0", "#f6f8fa"


def unescaped(words):
    for code, character in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        words = words.replace(code, character)
    return words


def annotations_of(commands):
    for line in commands.splitlines():
        command = re.fullmatch(r"::error (.*?)::(.*)", line)
        if command:
            properties = dict(each.split("=", 1) for each in command[1].split(","))
            yield {name: unescaped(value) for name, value in properties.items()}, unescaped(command[2]).split("\n")


def is_code(cell):
    return cell.startswith("`") and cell.endswith("`") and len(cell) > 1


def shown(cell):
    return cell[1:-1].replace("\\|", "|") if is_code(cell) else re.sub(r"\\(.)", r"\1", cell)


def width_of(cell, bold=False):
    return len(shown(cell)) * (7.3 if is_code(cell) else 7.6 if bold else 7.0) + (12 if is_code(cell) else 0)


def table(section, margin, y, parts):
    """Draws a heading and a table below y. Returns their width and where they end."""
    heading, *lines = [line for line in section.split("\n") if line]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    right = [rule.strip().endswith(":") for rule in rows[1]]
    rows = [[cell.strip() for cell in row] for row in [rows[0], *rows[2:]]]
    columns = [max(width_of(row[i], row is rows[0]) for row in rows) + 26 for i in range(len(right))]
    parts.append(text(margin, y, heading, 20, INK, weight=600))
    y += 16
    top, height = y, 37
    for number, row in enumerate(rows):
        if number % 2 == 0 and number > 0:
            parts.append(f'<rect x="{margin}" y="{y}" width="{sum(columns):.1f}" height="{height}" fill="{STRIPE}"/>')
        x = margin
        for i, cell in enumerate(row):
            width = width_of(cell, number == 0)
            at = x + (columns[i] - width) / 2 if number == 0 else x + columns[i] - 13 - width if right[i] else x + 13
            if is_code(cell):
                parts.append(
                    f'<rect x="{at:.1f}" y="{y + 8}" width="{width:.1f}" height="21" rx="5" fill="#818b98" opacity=".14"/>'
                )
                parts.append(text(at + 6, y + 23, shown(cell), 12, INK, MONO, length=width - 12))
            elif cell:
                weight = 600 if number == 0 else ""
                parts.append(text(at, y + 23, shown(cell), 14, INK, weight=weight, length=width))
            x += columns[i]
        y += height
    for number in range(len(rows) + 1):
        at = top + number * height + 0.5
        parts.append(f'<path d="M{margin} {at}h{sum(columns):.1f}" stroke="{LINE}"/>')
    x = margin
    for width in [0, *columns]:
        x += width
        parts.append(f'<path d="M{x:.1f} {top}v{len(rows) * height}" stroke="{LINE}"/>')
    return sum(columns), y


def page(commands, summary):
    margin, y, parts = 24, 44, []
    annotations = list(annotations_of(commands))
    parts.append(text(margin, y, "Annotations", 16, INK, weight=600))
    parts.append(text(margin + 116, y, f"{len(annotations)} error" + "s" * (len(annotations) != 1), 13, FAINT))
    y += 12
    widest = 0
    for properties, message in annotations:
        y += 26
        parts.append(f'<circle cx="{margin + 8}" cy="{y - 4.5:.1f}" r="7" fill="none" stroke="{RED}" stroke-width="1.5"/>')
        parts.append(f'<path d="M{margin + 5} {y - 7.5:.1f}l6 6m0 -6l-6 6" stroke="{RED}" stroke-width="1.5"/>')
        parts.append(text(margin + 26, y, properties["title"], 14, INK, weight=600))
        y += 20
        place = properties.get("file", "")
        parts.append(text(margin + 26, y, place + ("#L" + properties["line"] if "line" in properties else ""), 12, FAINT))
        for line in message:
            y += 18
            parts.append(text(margin + 26, y, line, 12, INK, MONO, length=7.2 * len(line)))
            widest = max(widest, 26 + 7.2 * len(line))
        y += 8

    for section in re.split(r"^### ", summary, flags=re.M)[1:]:
        wide, y = table(section, margin, y + 40, parts)
        widest = max(widest, wide)
    return drawing(2 * margin + widest, y + margin, "#ffffff", LINE, SANS, parts)


match sys.argv[1:]:
    case ["terminal"]:
        sys.stdout.write(terminal(sys.stdin.read()))
    case ["page", commands]:
        with open(commands, encoding="utf-8") as file:
            sys.stdout.write(page(file.read(), sys.stdin.read()))
    case _:
        sys.exit(__doc__)
