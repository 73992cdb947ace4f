"""Weight files: damaged, foreign, boundless, and such as would run code."""

from case import Case

from areas.weights import any_file, archives, hdf5, pickles, safetensors


def cases() -> list[Case]:
    """Files as source and as target of `transfer`."""
    return [
        *any_file.cases(),
        *pickles.cases(),
        *safetensors.cases(),
        *archives.cases(),
        *hdf5.cases(),
    ]
