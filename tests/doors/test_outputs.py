"""What a call writes: never over an input, another output or a stranger's file."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_files import dense, linear

from compare import cli, files
from compare.judging.document import as_json

PAIR = "torch_model = keras_model = int\ninput_shape = ('batch', 3)\n"
PRICES = "Date,A,B\n2020-01-01,1,2\n"
DOCUMENT = as_json({"versions": {}})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that one is in, with a pair file, prices and a stranger's file."""
    monkeypatch.chdir(tmp_path)
    for name, text in [("mine.py", PAIR), ("p.csv", PRICES), ("notes.txt", "notes")]:
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def run(folder, capsys, monkeypatch):
    """What runs a command that must not come to its work; its status and stderr."""

    def at_work(*_):
        raise AssertionError("the work has begun")

    for name in ("run", "explain", "train", "claims"):
        monkeypatch.setattr(f"compare.session.{name}", at_work)

    def ran(text):
        before = contents(folder)
        status = cli.main(text.split())
        out, err = capsys.readouterr()
        assert contents(folder) == before
        return status, out, err

    return ran


def contents(folder):
    files = filter(Path.is_file, folder.iterdir())  # links may lead nowhere
    return {path.name: path.read_bytes() for path in files}


def assert_refused(ran, *parts):
    status, out, err = ran
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    for part in parts:
        assert part in err


# An input


@pytest.mark.parametrize(
    "text",
    [
        "run mine.py --json mine.py",
        "run mine.py --json ./link.py",
        "run mine.py --json hard.py",
        "run link.py --json mine.py",
        "explain mine.py --reproduce mine.py",
        "train mine.py --json mine.py",
        "run gru_layer --prices p.csv --json p.csv",
        "run mine.py --json mine.py --force",
        "run mine.py --markdown mine.py",
        "port mine.py --out ported --markdown mine.py",
    ],
)
def test_an_output_never_replaces_an_input(folder, run, text):
    (folder / "link.py").symlink_to("mine.py")
    os.link(folder / "mine.py", folder / "hard.py")

    assert_refused(run(text), "expected a file of its own", "which is read; name")


# Another output


@pytest.mark.parametrize(
    "text",
    [
        "explain mine.py --json o.py --reproduce o.py",
        "run mine.py --json o.py --markdown o.py",
        "explain mine.py --json o.py --reproduce ./O.py",
        "explain mine.py --json to_o.py --reproduce o.py",
        "train mine.py --json o.png --plot o.png --force",
    ],
)
def test_an_output_never_replaces_another(folder, run, text):
    """Whichever size its letters have: many file systems do not tell."""
    (folder / "to_o.py").symlink_to("o.py")

    assert_refused(run(text), "expected a file of its own, got that of --json; name")


def test_an_output_never_replaces_the_file_that_stdout_is(folder):
    command = f"{sys.executable} -m compare run mine.py --json o.txt > o.txt"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True)

    assert ran.returncode == 2
    assert "--json o.txt: expected a file of its own, got that of stdout" in ran.stderr


# What somebody else wrote


@pytest.mark.parametrize(
    "text",
    [
        "run mine.py --json notes.txt",
        "run mine.py --markdown notes.txt",
        "run mine.py --junit other.xml",
        "train mine.py --markdown document.json",
        "claims --markdown notes.txt",
        "explain mine.py --json notes.txt",
        "explain mine.py --reproduce p.csv",
        "train mine.py --json notes.txt",
        "train mine.py --plot photo.png",
        "run mine.py --json other.json",
        "explain mine.py --reproduce document.json",
    ],
)
def test_a_file_that_the_suite_did_not_write_needs_force(folder, run, text):
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "other.xml").write_text('<?xml version="1.0"?>\n<testsuites/>')
    (folder / "other.json").write_text('{"schema": 1, "mine": true}')
    (folder / "document.json").write_text(DOCUMENT)

    assert_refused(run(text), "add --force to overwrite it, or name another file")


@pytest.mark.parametrize("text", ["", DOCUMENT, as_json({"exit_status": 0})])
def test_what_is_empty_or_was_written_here_is_overwritten(folder, text):
    (folder / "o.json").write_text(text)
    target = files.target("--json", "o.json")

    files.check_replaceable("--json", target, files.DOCUMENT, "")


def test_a_picture_and_a_script_that_were_written_here_are_known(folder, monkeypatch):
    """Matplotlib signs pictures as well."""
    from matplotlib.figure import Figure

    Figure().savefig("theirs.png")
    Figure().savefig("ours.png", metadata={"Software": files.PICTURE_AUTHOR})
    script = f"{files.SCRIPT_AUTHOR}\n'''PyTorch and Keras differ.'''\n"

    assert files.PICTURE.match((folder / "ours.png").read_bytes()[: files.BEGINNING])
    assert not files.PICTURE.match((folder / "theirs.png").read_bytes())
    assert files.SCRIPT.match(script.encode())


def test_force_overwrites_what_somebody_else_wrote(folder, monkeypatch):
    begun = []
    monkeypatch.setattr("compare.session.run", lambda *a, **k: begun.append(a) or 1 / 0)
    cli.main(["run", "mine.py", "--json", "notes.txt", "--force"])

    assert begun


# Weights


@pytest.fixture
def weights(folder):
    linear(folder / "a.safetensors")
    dense(folder / "b.weights.h5")
    (folder / "hard.weights.h5").write_text("weights of months")
    os.link(folder / "b.weights.h5", folder / "same.weights.h5")
    return folder


TRANSFER = "transfer a.safetensors b.weights.h5"


def test_out_overwrites_other_weights_only_with_force(weights, run):
    out = f"{TRANSFER} --out hard.weights.h5"

    assert_refused(run(out), "add --force to overwrite it")
    assert cli.main([*out.split(), "--force"]) == 0
    assert cli.main(out.split()) == 0, "the same bytes are no loss"


def test_out_is_neither_source_nor_target(weights, run):
    assert_refused(
        run(f"{TRANSFER} --out same.weights.h5 --force"),
        "expected another file than the target",
    )


def test_transfer_changes_its_target_and_its_help_says_so(weights, capsys):
    source, before = contents(weights)["a.safetensors"], contents(weights)

    assert cli.main(TRANSFER.split()) == 0
    assert contents(weights)["a.safetensors"] == source
    assert contents(weights)["b.weights.h5"] != before["b.weights.h5"]
    cli.main(["transfer", "--help"])
    assert "gets them and is changed, without --out" in capsys.readouterr().out


def test_a_new_pair_file_overwrites_nothing_but_an_empty_file(run, folder):
    (folder / "empty.py").touch()

    assert_refused(run("new mine.py"), "got one that is there already")
    assert cli.main(["new", "empty.py"]) == 0
    assert "torch_model" in (folder / "empty.py").read_text()


# Where nothing can be written


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/null", "a device"),
        ("loop.json", "Too many levels of symbolic links"),
        ("x" * 300 + ".json", "File name too long"),
        ("notes.txt/e.json", "expected a file in a folder that exists"),
        ("", "got an empty name"),
        ("-", "the report goes to stdout by itself"),
        ("no/e.json", "create it first"),
    ],
)
def test_a_path_that_takes_no_file_is_one_line(folder, run, path, reason):
    (folder / "loop.json").symlink_to("loop.json")

    assert_refused(run(f"run mine.py --json={path}"), reason)


def test_stdout_gets_no_document(folder):
    """The table goes there; both would be nothing that a program could read."""
    command = [
        sys.executable,
        *["-m", "compare", "run", "mine.py", "--json", "/dev/stdout"],
    ]
    ran = subprocess.run(command, capture_output=True, text=True)

    assert_refused((ran.returncode, ran.stdout, ran.stderr), "got a folder, a device")


def test_a_path_with_a_nul_is_one_line(folder):
    with pytest.raises(files.BadInput, match="null byte"):
        files.target("--json", "a\0b")


# Writing


@pytest.fixture
def target(folder):
    """A file with something in it, and permissions of its own."""
    file = folder / "o.json"
    file.write_text("before")
    file.chmod(0o640)
    return files.target("--json", "o.json")


def test_a_file_keeps_its_permissions_and_is_reached_by_its_link(folder, target):
    (folder / "link.json").symlink_to("o.json")
    files.write("--json", files.target("--json", "link.json"), "after")

    assert target.read_text() == "after\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert (folder / "link.json").is_symlink()


def test_a_file_is_on_the_disk_before_it_gets_its_name(target, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        right = getattr(os, name)

        def noted(*args, name=name, right=right):
            calls.append(name)
            return right(*args)

        monkeypatch.setattr(os, name, noted)
    files.write("--json", target, "after")

    assert calls == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_fails_leaves_what_was_there(folder, target, monkeypatch, step, error):
    def failing(*_):
        raise error

    before = contents(folder)
    monkeypatch.setattr(os, step, failing)
    with pytest.raises((files.BadInput, KeyboardInterrupt)) as raised:
        files.write("--json", target, "after")

    assert contents(folder) == before
    assert not files.unfinished
    if raised.type is files.BadInput:
        assert "Input/output error; name another file" in str(raised.value)


def test_a_full_disk_is_one_line_and_leaves_what_was_there(folder, target):
    code = (
        "import resource\n"
        "from compare import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        f"    files.write('--json', files.Path({str(target)!r}), 'after' * 1000)\n"
        "except files.BadInput as error:\n"
        "    print(error)\n"
    )
    before = contents(folder)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ran.stderr == ""
    assert "got: File too large; name another file" in ran.stdout
    assert contents(folder) == before


def test_a_full_disk_costs_nobody_the_report(folder, capsys, monkeypatch):
    """The work may have taken hours."""

    def full(*_):
        raise OSError(28, "No space left on device")

    evidence = SimpleNamespace(
        results=[SimpleNamespace(as_expected=True)],
        not_compared=[],
        to_json=lambda: DOCUMENT,
    )
    monkeypatch.setattr("compare.session.run", lambda *_, **__: evidence)
    monkeypatch.setattr(cli, "print_evidence", lambda *_: print("the report"))
    monkeypatch.setattr(os, "fsync", full)
    status = cli.main(["run", "mine.py", "--json", "o.json"])
    out, err = capsys.readouterr()

    assert (status, out) == (2, "the report\n")
    assert len(err.splitlines()) == 1
    assert "No space left on device" in err


def test_a_folder_that_is_gone_is_one_line(folder):
    (folder / "lost").mkdir()
    target = files.target("--json", "lost/o.json")
    Path("lost").rmdir()

    with pytest.raises(files.BadInput, match="No such file or directory"):
        files.write("--json", target, "text")
