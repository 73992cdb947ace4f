"""Pairs of random structure; as a script: `python test_random_pairs.py 1000`.

The script prints the table of this many right pairs, of as many wrong ones, and of a
fifth as many whose inputs hide a mistake. The test runs a tenth of a thousand.
"""

import sys
from collections import Counter
from itertools import count

import pytest

import compare

TENTH = 100


def judged(models):
    """The verdict, or how the check ended."""
    in_torch, in_keras, x = models[:3]
    try:
        return compare.check(in_torch, in_keras, x)
    except compare.BadInput as error:
        return error


def first(make, number):
    """The first so many pairs that there are, with their seeds."""
    found = 0
    for seed in count():
        models = make(seed)
        if models is not None:
            yield seed, models
            found += 1
        if found == number:
            return


def verdicts(make, number, progress=False):
    """How often each verdict is given, and the seeds of each."""
    table, seeds = Counter(), {}
    for place, (seed, models) in enumerate(first(make, number)):
        result = judged(models)
        verdict = getattr(result, "verdict", "refused")
        if getattr(result, "unexercised", None) and verdict == "same":
            verdict = "same, and what was not exercised is said"
        table[verdict] += 1
        seeds.setdefault(verdict, []).append(seed)
        if progress and place % 50 == 49:
            print(f"{place + 1} of {number}: {dict(table)}", file=sys.stderr)
    return table, seeds


@pytest.mark.slow
def test_right_pairs_are_never_different():
    from random_pairs import right

    table, seeds = verdicts(right, TENTH)

    print("right pairs:", dict(table))
    assert not set(table) - {"same", "same, and what was not exercised is said"}, seeds


@pytest.mark.slow
def test_wrong_pairs_are_different():
    from random_pairs import wrong

    table, seeds = verdicts(wrong, TENTH)

    print("wrong pairs:", dict(table))
    assert set(table) == {"different"}, seeds


@pytest.mark.slow
def test_what_inputs_hide_is_told():
    from random_pairs import hidden

    table, seeds = verdicts(hidden, TENTH // 5)

    print("pairs whose inputs hide a mistake:", dict(table))
    assert "same" not in table, seeds
    assert "refused" not in table, seeds


if __name__ == "__main__":
    from random_pairs import hidden, right, wrong

    import compare.in_keras

    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for title, make, size in (
        ("right", right, number),
        ("wrong", wrong, number),
        ("hidden by the inputs", hidden, max(number // 5, 1)),
    ):
        table, seeds = verdicts(make, size, progress=True)
        for verdict, times in sorted(table.items()):
            shown = "" if times > 20 else f"  seeds {seeds[verdict]}"
            print(f"{title:22} {verdict:42} {times:5}{shown}")
