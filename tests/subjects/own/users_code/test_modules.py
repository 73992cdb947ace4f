"""Modules that a pair file imports, by names that the suite or others have too."""

import sys
from importlib import import_module

import pytest
from users_pairs import one_line, pair


@pytest.mark.parametrize("name", ["keras_models", "pytorch_models", "compare"])
def test_folder_of_a_name_of_the_suite_does_no_harm(file, run, name):
    file("FOO = 1", f"{name}/__init__.py")

    assert run(file(pair()))[0] == 0


@pytest.mark.parametrize("name", ["keras_models", "pytorch_models"])
def test_package_called_as_the_models_of_the_suite_is_the_users(file, run, name):
    file("from .part import FOO", f"{name}/__init__.py")
    file("FOO = 1", f"{name}/part.py")
    before = import_module(f"{name}.losses")

    text = pair(top=f"from {name} import FOO\nfrom {name}.part import FOO")
    assert run(file(text))[0] == 0
    assert run(file(text), "--gradients")[0] == 0
    assert import_module(f"{name}.losses") is before


@pytest.mark.parametrize("name", ["compare", "random", "keras"])
def test_module_that_another_hides_is_named(file, run, name):
    file("FOO = 1", f"{name}.py")

    status, _, err = run(file(pair(top=f"from {name} import FOO")))

    assert status == 2
    line = one_line(err)
    assert f"{name}.py" in line
    assert "rename it" in line


@pytest.mark.parametrize("name", ["random", "numpy", "types", "subject"])
def test_file_of_the_name_of_a_loaded_module_does_no_harm(file, run, name):
    file("raise RuntimeError('mine')", f"{name}.py")

    assert run(file(pair()))[0] == 0


def test_helper_from_another_folder_is_imported_when_a_model_is_made(file, run):
    file("SCALE = 1.0", "sub/helper.py")
    file("SCALE = 1.0", "sub/lib/inside.py")
    text = pair(
        top="import sys; sys.path.insert(0, 'sub/lib')",
        in_keras="import helper, inside",
    )

    assert run(file(text, "sub/mine.py"))[0] == 0
    assert "sub/lib" not in sys.path
