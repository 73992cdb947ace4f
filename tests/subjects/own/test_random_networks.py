"""Random networks of images, volumes, videos, series and words; some seconds each.

As a script it prints the table of this many: `python test_random_networks.py 500`,
with tests/support and the root on PYTHONPATH.
"""

import sys
from collections import Counter
from itertools import count

import pytest

import compare

FIFTY = 50
SAME = ("same", "same in float32")


def verdicts(number):
    """How often each verdict is given to right pairs, and what is said of others."""
    from random_networks import right

    table, wrong = Counter(), []
    for seed in count():
        if table.total() == number:
            return table, wrong
        pair = right(seed)
        if pair is None:
            continue
        try:
            evidence = compare.check(pair.torch, pair.keras, pair.x, pair.transfer)
            verdict, said = evidence.verdict, evidence.explain()
        except compare.BadInput as error:
            verdict, said = "refused", str(error)
        table[verdict] += 1
        if verdict not in SAME:
            wrong.append(f"seed {seed}: {verdict}\n{said}")


@pytest.mark.slow
def test_right_networks_are_the_same():
    """Weights by the suite and by hand, x in either layout, Keras in three styles."""
    table, wrong = verdicts(FIFTY)

    print("right networks:", dict(table))
    assert not wrong, "\n\n".join(wrong)


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for verdict, times in verdicts(size)[0].items():
        print(f"{verdict:20} {times:5}")
