"""The steps of the store stand in one line: each number once, each after the one before."""

import re

from ml.store.migrations import FOLDER

STEPS = sorted((FOLDER / "versions").glob("m*.py"))


def test_each_step_follows_the_one_before():
    numbers = [path.name[1:5] for path in STEPS]
    assert numbers == [f"{place:04}" for place in range(1, len(STEPS) + 1)]
    told = [re.findall(r'^(?:down_)?revision = (?:"(\d+)"|None)$', path.read_text(encoding="utf-8"), re.MULTILINE) for path in STEPS]
    assert told == [[number, before] for number, before in zip(numbers, ["", *numbers], strict=False)]
