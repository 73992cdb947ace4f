"""Sessions of pytest with the plugin."""

from importlib.metadata import entry_points

MODULE = "twinproof_pytest"


INSTALLED = any(each.value == MODULE for each in entry_points(group="pytest11"))


LOAD = () if INSTALLED else ("-p", MODULE)  # twice is an error


# A conftest in which `check` gives the verdict that it is told, without frameworks.
STUB = """
import pytest
from compare import api
from compare.judging.evidence import Evidence
from compare.judging.result import Result, StageResult

def check(verdict, gap64=1e-16, limit64=1e-14):
    horizon = dict(horizon=7, steps=7)
    stages = () if "refuse" in verdict else (
        StageResult("y", verdict, gap64, limit64, 1e-7, 1e-7, 1e-7, **horizon),
    )
    place = dict(pair="p", length="none", timesteps=7, batch=4, direction="as is")
    results = [Result(**place, verdict=verdict, expected="same", stages=stages)]
    return Evidence({}, {}, results, claims=(), notes=(), seconds=1.0)

@pytest.fixture(autouse=True)
def stub(monkeypatch):
    monkeypatch.setattr(api, "check", check)
"""
