"""HDF5 files that would take all time or memory: refused for what they claim.

What the checks before reading do not see, the child ends in which files are read; see
tests/doors/test_apart.py.
"""

import h5py
import numpy as np
import pytest
from made_files import KERNEL, dense, linear, refused


def hdf5(path, change):
    """A file of a dense layer, changed."""
    dense(path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replaced(data):
    """Exchange the kernel for something else."""

    def change(file):
        del file["fc/vars/0"]
        data(file)

    return change


def linked_twice(file):
    group = file.create_group("a")
    for _ in range(40):
        inside = group.create_group("a")
        group["b"] = inside
        group = inside


def linked_to_itself(file):
    file["fc/again"] = file["fc"]


def very_deep(file):
    file.create_group("/".join(["a"] * 200))


def long_name(file):
    file.create_group("x" * 2000)


def claims_much(file):
    file.create_dataset("fc/vars/0", (10**5, 10**5), "f4")


def claims_much_in_a_chunk(file):
    file.create_dataset(
        "fc/vars/0", (2, 3), "f4", maxshape=(None, None), chunks=(9999, 9999)
    )


def packed_zeros(file):
    file.create_dataset(
        "fc/vars/0",
        data=np.zeros((1000, 9999), "f4"),
        chunks=(1000, 9999),
        compression=9,
    )


def no_space(file):
    file["fc/vars/0"] = h5py.Empty("f4")


TRAPS = {
    "linked twice": (linked_twice, "stands in two places"),
    "linked to itself": (linked_to_itself, "stands in two places"),
    "very deep": (very_deep, "more than 100"),
    "a long name": (long_name, "a name of 2000 letters"),
    "claims much": (replaced(claims_much), "claims 40000000000 bytes in 0"),
    "a large chunk": (replaced(claims_much_in_a_chunk), "claims 399920004 bytes in 0"),
    "packed zeros": (replaced(packed_zeros), "claims 39996000 bytes in"),
    "no space": (replaced(no_space), "no shape and no numbers"),
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("as_source", [True, False])
def test_hdf5_that_claims_more_than_it_holds_is_refused(tmp_path, trap, as_source):
    change, message = TRAPS[trap]
    paths = [
        hdf5(tmp_path / "b.weights.h5", change),
        linear(tmp_path / "a.safetensors"),
    ]
    if not as_source:
        paths.reverse()

    assert message in refused(*paths)


@pytest.mark.parametrize(
    ("layers", "weights", "message"),
    [
        (["fc"] * 999, ["kernel:0"], "layer_names lists a name twice"),
        (["fc"], ["kernel:0"] * 999, "weight_names lists a name twice"),
        (["fc", "fc/"], ["kernel:0"], "a step that has no name"),
        (["fc"], ["../fc/kernel:0"], "no such thing in the file itself"),
    ],
)
def test_names_that_lead_to_a_thing_again_are_refused(
    tmp_path, layers, weights, message
):
    path = tmp_path / "b.h5"
    with h5py.File(path, "w") as file:
        file["fc/kernel:0"] = KERNEL
        file.attrs["layer_names"] = layers
        file["fc"].attrs["weight_names"] = weights

    assert message in refused(path, linear(tmp_path / "a.safetensors"))


def test_packed_numbers_of_a_target_that_are_broken_are_refused(tmp_path):
    path = tmp_path / "b.weights.h5"
    with h5py.File(path, "w") as file:
        kernel = np.random.default_rng(0).uniform(-1, 1, (2, 3)).astype("float32")
        file.create_dataset("fc/vars/0", data=kernel, chunks=(2, 2), compression="gzip")
        file["fc/vars/1"] = np.zeros(3, "float32")
        chunk = file["fc/vars/0"].id.get_chunk_info(1)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)

    assert "numbers that can be replaced" in refused(
        linear(tmp_path / "a.safetensors"), path
    )
