"""At which line of a source a stage stands."""

from compare.judging.picture import Graph, Node, SourceLine
from compare.reports.page.places import makers, number_of

IN_A_FUNCTION = """\
def model():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(),
        nn.Conv2d(8, 8, 3), nn.Linear(8, 2),
    )
"""


def graph(*kinds):
    nodes = [
        Node(str(number), kind, (1,), (), None, (str(number),))
        for number, kind in enumerate(kinds)
    ]
    return Graph(nodes)


def test_a_line_that_only_a_part_of_is_shown_has_the_number_in_that_part():
    lines = ["class Net:", "    a = f(x)", "", "    b = g(x)"]

    assert number_of(SourceLine("n.py", 40, "b = g(x)"), lines) == 4
    assert number_of(SourceLine("n.py", 40, "c = h(x)"), lines) is None


def test_of_lines_that_read_alike_the_nearest_is_taken():
    lines = ["x = f(x)", "y = x", "x = f(x)"]

    assert number_of(SourceLine("n.py", 3, "x = f(x)"), lines) == 3


def test_layers_that_the_framework_calls_stand_where_they_are_built():
    of_torch = graph("Conv2d", "ReLU", "Conv2d", "Linear")

    made_at = makers({"torch": IN_A_FUNCTION}, {"torch": of_torch})["torch"]

    assert made_at == {"0": 3, "1": 3, "2": 4, "3": 4}


def test_a_kind_that_is_built_more_often_than_the_source_says_has_no_line():
    of_torch = graph("Conv2d", "Conv2d", "Conv2d", "Linear")

    made_at = makers({"torch": IN_A_FUNCTION}, {"torch": of_torch})["torch"]

    assert made_at == {"3": 4}
