"""The change that docs/first-change.md leads through, typed in as it says."""

import re

import records

PAGE = records.SOURCE / "docs" / "first-change.md"


def blocks(language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))


def edits(name):
    """[(what to do, at which text, the text)] of one file, in the order of the page."""
    found = []
    for block in blocks("yaml"):
        place, _, text = block.partition("\n")
        file, _, where = place.removeprefix("# ").partition(": ")
        if file == name:
            kind, _, anchor = where.partition(" `")
            found.append((kind, anchor.removesuffix("`"), text))
    return found


def typed_in(name, text):
    for kind, anchor, new in edits(name):
        place = text.find(f"\n{anchor}") + 1
        if kind == "at the end":
            text = f"{text.rstrip()}\n\n{new}"
        elif place == 0:
            raise AssertionError(f"{name} has no line that begins with '{anchor}'")
        elif kind == "instead of":
            text = text[:place] + new.rstrip("\n") + text[place + len(anchor):]
        elif kind == "before":
            text = text[:place] + new + text[place:]
        else:
            raise AssertionError(f"what is '{kind}'?")
    return text


def plan():
    """The lines that `baton plan` prints by the page, but for the first."""
    block = next(block for block in blocks("") if block.startswith("order-saga version 2"))
    return block.splitlines()[1:]
