"""What is on the pages of reports, without a browser."""

import json
import re
from dataclasses import replace

import pytest
from pages import (
    IN_PYTORCH,
    SOURCES,
    Parsed,
    evidence,
    explanation,
    page_of_claims,
    page_of_port,
    page_of_run,
    page_of_training,
    result,
)

from compare import BadInput
from compare.judging.not_compared import NotCompared
from compare.judging.result import DIFFERENT, SAME
from compare.reports.page import rendering

EVIL = '<script>alert("1")</script><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("port")
    return {
        "run": page_of_run(),
        "training": page_of_training(),
        "claims": page_of_claims(),
        "port": page_of_port(folder),
        "port with twin": page_of_port(folder, twin=True),
    }


def links(parsed):
    return [*parsed.all("href"), *parsed.all("xlink:href")]


def test_html_in_names_sources_and_messages_is_text():
    run = evidence(
        result(EVIL, DIFFERENT, explanation=explanation(sentence=EVIL, fix=EVIL)),
        notes=[EVIL],
        not_compared=[NotCompared(EVIL, EVIL)],
    )
    sources = [(EVIL, f"x = 1  # {EVIL}\n"), (EVIL, f"y = '''{EVIL}'''\n")]

    page = Parsed(page_of_run(run, sources))

    assert page.text.count("alert(") > 10
    assert {"script", "img"}.isdisjoint(tag for tag, _ in page.tags)


def test_no_page_loads_anything(pages):
    for page in pages.values():
        parsed = Parsed(page)
        loading = {"script", "link", "img", "iframe", "object", "embed", "base"}
        assert loading.isdisjoint(tag for tag, _ in parsed.tags)
        assert parsed.all("src") == []
        assert all(link.startswith(("#", "data:image/png;")) for link in links(parsed))
        assert re.findall(r"url\((?!#)|@import", page) == []


def test_no_name_of_an_element_is_there_twice_and_each_link_leads_to_one(pages):
    for page in pages.values():
        parsed = Parsed(page)
        names = parsed.all("id")
        assert len(names) == len(set(names))
        led_to = [link[1:] for link in links(parsed) if link.startswith("#")]
        led_to += re.findall(r"url\(#([^)]*)\)", page)
        led_to += parsed.all("aria-describedby") + parsed.all("aria-labelledby")
        assert set(led_to) <= set(names)


def test_the_same_evidence_makes_the_same_page(pages):
    assert page_of_run() == pages["run"]
    assert page_of_training() == pages["training"]


def test_the_figures_of_stages_are_those_of_the_json(pages):
    text = Parsed(pages["run"]).text
    run = json.loads(evidence().to_json())
    shown = [r for r in run["results"] if r["timesteps"] == 7 and r["stages"]][::2]
    for each in shown:
        for stage in each["stages"]:
            assert f"gap {stage['gap64']:.1e}, limit {stage['limit64']:.1e}" in text
            assert (
                f"gap in float64 {stage['gap64']:.1e} , in float32 "
                f"{stage['gap32']:.1e}".replace(" ,", ",")
            ) in text
            noise = f"PyTorch {stage['noise_torch']:.1e}, Keras"
            assert f"{noise} {stage['noise_keras']:.1e}" in text


def test_runs_alike_are_one_row_with_the_worst_figures():
    results = [
        result("pair", SAME, direction, steps)
        for direction in ("to_keras", "to_torch")
        for steps in (1, 7, 50)
    ]

    page = Parsed(page_of_run(evidence(*results, claims=[])))

    steps = [text for text in page.texts if text.strip() == "1 7 50"]
    assert len(steps) == 1
    assert "PyTorch's weights or Keras's weights" in page.text


def test_a_difference_is_told_as_in_a_terminal(pages):
    text = Parsed(pages["run"]).text

    assert explanation().sentence in text
    assert explanation().fix in text
    assert "as in 2 more of these runs" in text
    assert "look at broken below" in text


def test_each_stage_stands_at_the_line_that_makes_it(pages):
    rows = re.findall(r'<tr class="(\w+)">(.*?)</tr>', pages["run"], re.S)
    places = {}
    for mark, row in rows:
        number = re.search(r'class="code torch" data-number="(\d+)"', row)
        for label in re.findall(r'aria-describedby="pair-1-[\w-]+">(\w+)', row):
            places[label] = int(number[1]), mark
    lines = IN_PYTORCH.split("\n")

    assert set(places) == {"rnn", "output"}
    assert "self.rnn(x)" in lines[places["rnn"][0] - 1]
    assert "self.head(h" in lines[places["output"][0] - 1]
    assert places["output"][1] == "wrong"


def test_counted_axes_have_marks_at_whole_numbers_alone(pages):
    heat = pages["run"].split("<svg")[1]
    marks = re.findall(r">([\d.]+)</text>", heat)

    assert marks
    assert all("." not in mark for mark in marks)


def test_text_in_plots_is_text_in_the_colours_of_the_page(pages):
    svg = pages["run"].split("<svg")[1].split("</svg>")[0]

    assert ">unit</text>" in svg
    assert "var(--ink)" in svg
    assert "#010203" not in svg


def test_one_source_that_makes_both_models_is_shown_alone():
    page = page_of_run(sources=[("my_pair.py", SOURCES[0][1])])

    assert "my_pair.py makes both models" in Parsed(page).text


def test_a_port_without_a_twin_shows_the_layers_of_the_file(pages):
    text = Parsed(pages["port"]).text

    assert "rnn LSTM (4 × 7 × 32)" in text
    assert "keras.layers.LSTM" not in text
    assert "It was compared with the file." in text


def test_training_tells_what_each_cause_explains_and_an_option_that_removes_it(pages):
    text = Parsed(pages["training"]).text

    assert "regularisers: explains 100.0%" in text
    assert "--align biases,epsilon,regularisers" in text
    assert "broken: the twins part at step 1" in text


def test_a_stage_that_float64_could_not_run_has_no_figure_of_it():
    stage = replace(
        result("pair", SAME).stages[1],
        gap64=float("nan"),
        limit64=float("nan"),
        limit32=1e-6,
    )
    run = evidence(replace(result("pair", SAME), stages=(stage,)), claims=[])

    text = Parsed(page_of_run(run)).text

    assert "gap in float64 not run" in text
    assert "nan" not in text


@pytest.mark.parametrize("name", ["jinja2", "matplotlib", "pygments"])
def test_a_package_that_is_missing_is_named_with_what_to_do(name, monkeypatch):
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda asked: None if asked == name else asked
    )

    with pytest.raises(BadInput, match=rf"^--html: .* got no {name}; run pip install"):
        rendering.check_installed()


def test_the_title_tells_what_differs_and_what_was_not_compared():
    refused = [NotCompared("other", "expected a pair file, found none")]
    different = result("pair", DIFFERENT)

    def title(*results, not_compared=()):
        run = replace(evidence(), results=results, not_compared=not_compared)
        return re.search("<h1>(.*?)</h1>", page_of_run(run))[1]

    assert title(different) == "pair: different, which was not expected"
    assert title(result("pair", SAME)) == "pair: same, as expected"
    assert title(different, not_compared=refused).endswith("; 1 not compared")
    assert title(not_compared=refused) == "Nothing was compared"
