"""One port of a saved model, with progress on the way."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from compare.loading import in_a_log, load_harness, progress_bar, quiet
from compare.one_line import printable
from compare.progress import say, shown_by

if TYPE_CHECKING:
    from compare.porting.contents import Port


def port(
    path: str,
    out: str,
    config: str | None = None,
    made_by: str | None = None,
    twin: bool = False,
    force: bool = False,
    seed: int = 0,
    stub: bool = False,
    onnx: bool = False,
    pictured: bool = False,
) -> Port:
    """Port a saved model; see `compare.api.port`.

    With `pictured`, twins are drawn at work, for a page.
    """
    from compare.porting.wishes import check_config, wished

    check_config(config, made_by)
    with _shown("reading the file"), ExitStack() as stack:
        content = path
        if made_by is not None:
            _load()
            content, config = stack.enter_context(_made(made_by, path))
        wish = wished(
            path,
            out,
            config or None,
            twin,
            force,
            seed,
            content,
            stub,
            onnx,
            made_by or "",
        )
        _load()
        from compare.porting import port as porting

        return porting.port(replace(wish, pictured=pictured))


def port_back(
    path: str,
    out: str,
    made_by: str | None,
    shapes: Sequence[str] = (),
    force: bool = False,
    seed: int = 0,
    stub: bool = False,
    pictured: bool = False,
) -> Port:
    """Port a module of PyTorch to Keras; see `compare.api.port`.

    With `pictured`, twins are drawn at work, for a page.
    """
    from compare.porting.back_wishes import wished_back
    from compare.porting.user_file import split
    from compare.subjects.own.surroundings import at_work

    wish = wished_back(path, out, made_by, shapes, force, seed, stub)
    with _shown("loading PyTorch and Keras"):
        _load()
        from compare.porting.back import port_back

        file, _ = split("--model", wish.made_by)
        with at_work(file), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of frameworks, about the user's settings
            return port_back(replace(wish, pictured=pictured))


@contextmanager
def _shown(begin: str) -> Iterator[None]:
    """Show on stderr what is done, from here on.

    Args:
        begin: what is done first.
    """
    with progress_bar() as bar:
        task = bar.add_task(begin, total=None)
        log = in_a_log(bar)

        def show(text: str) -> None:
            step = printable(text)
            bar.update(task, description=step)
            log(step)

        with shown_by(show):
            yield


def _load() -> None:
    say("loading PyTorch and Keras")
    with quiet():  # Python's collector is the caller's: this is called in Python too
        load_harness()
        import compare.porting.port  # noqa: F401


@contextmanager
def _made(made_by: str, weights: str) -> Iterator[tuple[str, str]]:
    """The files to read of a model that a user's file makes; see `files_of`.

    Args:
        made_by: the user's file, and after a colon the name of what makes the model.
        weights: the file with its weights.
    """
    from compare.porting.user_file import files_of, split
    from compare.subjects.own.surroundings import at_work

    say("making the model")
    file, _ = split("--from", made_by)
    with tempfile.TemporaryDirectory() as folder:
        with at_work(file):
            paths = files_of("--from", made_by, weights, Path(folder))
        yield paths
