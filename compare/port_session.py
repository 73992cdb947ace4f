"""One port of a saved model, with progress on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.loading import in_a_log, load_harness, progress_bar, quiet, uncollected
from compare.one_line import printable
from compare.progress import say, shown_by

if TYPE_CHECKING:
    from compare.porting.port import Port


def port(
    path: str,
    out: str,
    config: str | None = None,
    twin: bool = False,
    force: bool = False,
    seed: int = 0,
) -> Port:
    """Port a saved model; see `compare.api.port`."""
    from compare.porting.wishes import wished

    with progress_bar() as bar:
        task = bar.add_task("reading the file", total=None)
        log = in_a_log(bar)

        def show(text: str) -> None:
            step = printable(text)
            bar.update(task, description=step)
            log(step)

        with shown_by(show):
            wish = wished(path, out, config, twin, force, seed)
            say("loading PyTorch and Keras")
            with quiet(), uncollected():
                load_harness()
                from compare.porting import port as porting
            return porting.port(wish)
