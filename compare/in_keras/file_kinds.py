"""Saved models by what they are: every Keras goes by the ending of the name alone."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OF_HDF5 = (".h5", ".hdf5")


@contextmanager
def by_its_kind(path: Path) -> Iterator[Path]:
    """The file under a name with the ending of what it holds, which it may not have.

    Args:
        path: of a whole model, a zip or HDF5.
    """
    ending = ".keras" if zipfile.is_zipfile(path) else ".h5"
    if path.suffix == ending or (ending == ".h5" and path.suffix in OF_HDF5):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"model{ending}"
        os.symlink(path.resolve(), link)
        yield link
