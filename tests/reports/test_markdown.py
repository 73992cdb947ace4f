"""The summary in Markdown: what it says, and that no text of a user's breaks it."""

from html.parser import HTMLParser

import pytest
from made_evidence import (
    HOSTILE,
    evidence,
    of_a_difference,
    of_a_pass,
    refused,
    result,
    training,
)
from markdown_it import MarkdownIt

from compare.reports import markdown
from compare.reports.markdown_text import block, code, prose, table

OURS = {"h2", "p", "strong", "code", "pre", "ul", "li", "details", "summary"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td"}


class Page(HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], []
        reader = MarkdownIt("commonmark", {"html": True}).enable("table")
        self.feed(reader.render(text))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def test_the_verdict_comes_first_and_the_command_last():
    text = markdown.of(evidence(of_a_difference()), "twinproof run mine.py")
    lines = [line for line in text.split("\n") if line]

    assert lines[1] == "## ❌ twinproof: different"
    assert lines[2].startswith("**Not proved: 1 of 1 runs are not as expected")
    assert lines[-3:] == ["```bash", "twinproof run mine.py", "```"]


def test_a_pass_says_so_and_what_it_is_worth():
    page = Page(markdown.of(evidence(of_a_pass()), "twinproof run mine.py"))

    assert "✅ twinproof: same" in page.text
    assert "mine: 3 of 4" in page.text
    assert "not gates, in lstm" in page.text
    assert "mask: the layer reads backwards" in page.text


def test_a_difference_is_told_with_cause_fix_and_place():
    page = Page(markdown.of(evidence(of_a_difference()), "twinproof run mine.py"))
    labels = ["because", "proof", "fix", "place", "starts at", "worst"]
    found = [text for text in page.texts if text in labels]

    assert found == labels
    assert "in lstm of Keras, the gates stand in another order" in page.text


def test_a_row_stands_for_all_of_one_verdict():
    results = [result(batch=1), result(batch=4), result(timesteps=1, batch=1)]
    text = markdown.of(evidence(*results), "")

    assert "| `mine` | none | 1 7 | 1 4 | same | 2.0e-16 | 1.0e-14 |" in text


def test_pairs_that_were_not_compared_are_named():
    page = Page(markdown.of(evidence(result(), not_compared=[refused()]), ""))

    assert "❌ twinproof" in page.text
    assert "theirs: expected a file that exists" in page.text


def test_a_run_that_compared_nothing_is_no_pass():
    page = Page(markdown.of(evidence(not_compared=[refused()]), ""))

    assert "❌ twinproof: nothing was compared" in page.text


def test_of_many_differences_the_first_are_told():
    """A comment on GitHub holds 65,536 letters."""
    results = [of_a_difference(f"pair {n}", f"cause {n}") for n in range(300)]
    text = markdown.of(evidence(*results), "")

    assert "280 more, which the JSON has." in text


def test_a_training_run_in_step_says_so():
    page = Page(markdown.of(training(), "twinproof train mine.py"))

    assert "✅ twinproof: in step" in page.text
    assert "lstm.kernel" in page.text
    assert "Why they drift apart" not in page.text


def test_a_training_run_that_parts_says_where_and_why():
    text = markdown.of(training("different"), "twinproof train mine.py")

    assert "## ❌ twinproof: different" in text
    assert "| `lstm.kernel` | different | 5.0e-01 | 1.0e-14 | step 1 |" in text
    assert "- **epsilon**, explains 75.0% of the gap: `epsilon is 1e-08" in text


def test_a_training_run_that_was_interrupted_says_so():
    text = markdown.of(training(interrupted=True, steps=9), "")

    assert "Interrupted after step 2 of 9" in text


HOSTILE_EVIDENCE = evidence(
    of_a_difference(HOSTILE, HOSTILE),
    of_a_pass(HOSTILE + "2", HOSTILE),
    result(HOSTILE, "both refuse", expected="both refuse", refusals={"torch": HOSTILE}),
    not_compared=[refused(HOSTILE, HOSTILE)],
    notes=[HOSTILE],
)


def test_names_and_messages_of_users_are_text():
    """None is a tag, a link, a heading or an image, and each is there."""
    page = Page(markdown.of(HOSTILE_EVIDENCE, f"twinproof run '{HOSTILE}'"))

    assert set(page.tags) <= OURS | TABLES
    assert page.tags.count("h2") == 1
    assert page.tags.count("details") == page.tags.count("summary") == 3
    assert page.attributes == [("class", "language-bash")]
    assert page.text.count("<script>alert(1)</script>") >= 8
    assert "\x1b" not in page.text


def test_cells_of_users_stay_in_their_column():
    """A bar ends a cell, even inside code."""
    text = markdown.of(HOSTILE_EVIDENCE, "")
    rows = [line for line in text.split("\n") if line.startswith("|")]

    columns = {row.replace("\\|", "").count("|") for row in rows}
    assert columns == {8, 3}  # of the pairs, and of the environment


@pytest.mark.parametrize(
    "text", [HOSTILE, "`", "``", " `a", "a` ", "a", "\\`", "*", "<b>", "&amp;", "a  b"]
)
def test_code_is_shown_as_it_is(text):
    shown = Page(f"x {code(text)} y")

    assert shown.tags == ["p", "code"]
    control = {"\n": "\\n", "\x1b": "\\x1b", "\x00": "\\x00"}
    for letter, name in control.items():
        text = text.replace(letter, name)
    assert shown.text.strip() == f"x {text.strip()} y"


@pytest.mark.parametrize("text", ["no text", "```", "````x\n```"])
def test_a_block_ends_where_it_ends(text):
    page = Page("\n".join([*block(text), "after"]))

    assert page.tags == ["pre", "code", "p"]
    assert page.text == f"{text}\n\nafter\n"


@pytest.mark.parametrize(
    "text",
    [
        "look at my_pair_of_mine above",
        "a *b* **c** ~~d~~ `e` [f](g) #1 | <b>h</b> &lt; !",
        "http://example.com and www.example.com",
    ],
)
def test_our_sentences_show_what_users_named_as_it_is(text):
    page = Page(prose(text))

    assert page.tags == ["p"]
    assert page.text.strip() == text


def test_nobody_is_mentioned():
    assert "@s" not in prose("by @somebody")


def test_a_table_has_a_cell_for_each_column():
    assert table(["a", "b"], [["1", code("x|y")]])[-1] == "| 1 | `x\\|y` |"
