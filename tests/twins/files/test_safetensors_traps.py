"""Headers of safetensors that would take all memory: refused for what they claim.

What the checks before reading do not see, the child ends in which files are read; see
tests/doors/test_apart.py.
"""

import json
import struct

import pytest
from made_files import dense, refused

from compare.twins.files.transfer import transfer_files


def header(path, text, content=b"", length=None):
    if length is None:
        length = len(text)
    path.write_bytes(struct.pack("<Q", length) + text + content)
    return path


def entry(**changes):
    layout = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}
    return json.dumps(layout).encode()


HEADERS = {
    "longer than the file": (b"{}", b"", 2**60),
    "nested": (b'{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}", b"", None),
    "overlapping": (b'{"a": %b, "b": %b}' % (entry(), entry()), bytes(8), None),
    "twice": (
        b'{"a": %b, "a": %b}' % (entry(), entry(data_offsets=[8, 16])),
        bytes(16),
        None,
    ),
    "sizes that overflow": (
        b'{"a": %b}' % entry(shape=[2**32, 2**32, 0], data_offsets=[0, 0]),
        b"",
        None,
    ),
    "a hundred axes": (b'{"a": %b}' % entry(shape=[1] * 99 + [2]), bytes(8), None),
    "bfloat16": (
        b'{"a": %b}' % entry(dtype="BF16", data_offsets=[0, 4]),
        bytes(4),
        None,
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_of_safetensors_that_claim_what_is_not_there_are_refused(
    tmp_path, case
):
    path = header(tmp_path / "a.safetensors", *HEADERS[case])

    assert "expected a whole .safetensors file" in refused(
        path, dense(tmp_path / "b.weights.h5")
    )


def test_a_file_of_very_many_arrays_is_no_twin_of_a_small_one(tmp_path):
    arrays = {
        f"l{number}.weight": entry(shape=[0], data_offsets=[0, 0])
        for number in range(999)
    }
    text = ", ".join(f'"{name}": {layout.decode()}' for name, layout in arrays.items())
    path = header(tmp_path / "a.safetensors", f"{{{text}}}".encode())

    assert "expected weights of one model, got 999 arrays and 2" in refused(
        path, dense(tmp_path / "b.weights.h5")
    )


def test_a_header_of_safetensors_stays_as_it_is(tmp_path):
    """Only numbers are replaced, so that the order and the metadata of arrays stay."""
    target = tmp_path / "b.safetensors"
    text = (b'{"__metadata__": {"by": "hand"}, "fc.weight": %b, "fc.bias": %b}   ') % (
        entry(shape=[3, 2], data_offsets=[0, 24]),
        entry(shape=[3], data_offsets=[24, 36]),
    )
    header(target, text, bytes(36))
    transfer_files(dense(tmp_path / "a.weights.h5"), str(target))

    assert text in target.read_bytes()
