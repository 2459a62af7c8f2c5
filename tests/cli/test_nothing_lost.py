"""Files are written whole or not at all; streams may be closed, full or broken; a signal ends a run in silence."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from convcost.errors import ConvcostError
from convcost.writers import whole
from tests.building import archive, entry, sequential
from tests.conftest import ROOT, Result

Run = Callable[..., Result]
SPEC = ROOT / "configs" / "mobilenet_v1.yaml"
TRAINED = ROOT / "docs" / "digits.keras"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    net()


def net(name: str = "net.keras") -> Path:
    return archive(Path(name), sequential(entry("Conv2D", "conv", filters=8, kernel_size=[3, 3])))


def left() -> set[str]:
    return {path.name for path in Path().iterdir() if path.name.startswith(".")}


def convcost(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """The program, in a process of its own."""
    command = [sys.executable, "-m", "convcost", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(command, text=True, check=False, timeout=60, **streams)


DYING = """
import os, signal, sys
from pathlib import Path
os.replace = lambda *_: os.kill(os.getpid(), signal.{signal})
sys.argv = ["convcost", *{arguments!r}]
from convcost.__main__ import main
main()
"""


@pytest.mark.parametrize("kind", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_run_that_dies_before_the_file_takes_its_place_leaves_the_old_one(kind: str) -> None:
    Path("report.json").write_text("old")
    script = DYING.format(signal=kind, arguments=["analyze", "net.keras", "-o", "report.json"])
    died = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert died.returncode == {"SIGKILL": -9, "SIGTERM": 143, "SIGINT": 130}[kind]
    assert died.stderr == ""
    assert Path("report.json").read_text() == "old"
    assert bool(left()) == (kind == "SIGKILL")


def test_nothing_is_written_unless_everything_can_be(run: Run) -> None:
    Path("a.json").write_text("old")
    result = run("analyze", "net.keras", "-o", "a.json", "-o", "nowhere/b.csv")
    assert (result.code, result.out) == (2, "")
    assert "nowhere/b.csv: cannot be written: there is no folder" in result.err
    assert Path("a.json").read_text() == "old"
    assert not left()


def test_a_file_that_fails_when_others_have_their_place_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = os.replace

    def replace(source: str, target: Path) -> None:
        if target.name == "b":
            raise PermissionError(1, "Operation not permitted")
        taken(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(ConvcostError, match=r"^b: cannot be written: Operation not permitted; written before: a$"):
        whole.write_all([(Path(name), name) for name in "abc"])
    assert Path("a").read_text() == "a"
    assert not Path("c").exists()
    assert not left()


def test_what_took_its_time_is_shown_where_a_file_cannot_be_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", replace)
    result = run("analyze", "net.keras", "-o", "report.json")
    assert result.code == 2
    assert result.err == "error: report.json: cannot be written: No space left on device\n"
    assert "conv" in result.out


def _same(_: Path) -> str:
    return "net.keras"


def _spelled(path: Path) -> str:
    return f"x/../{path}"


def _symbolic(path: Path) -> str:
    Path("link").symlink_to(path)
    return "link"


def _hard(path: Path) -> str:
    Path("twin").hardlink_to(path)
    return "twin"


@pytest.mark.parametrize("other", [_same, _spelled, _symbolic, _hard])
@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "net.keras", "-o", "json:{}"),
        ("variants", "net.keras", "-o", "csv:{}"),
        ("memory", "net.keras", "-o", "csv:{}"),
        ("explain", "net.keras", "-o", "csv:{}"),
        ("widen", "net.keras", "-o", "csv:{}"),
        ("diff", "net.keras", "b.keras", "-o", "json:{}"),
        ("diff", "b.keras", "net.keras", "-o", "json:{}"),
        ("plan", "net.keras", "--max", "macs=1", "-o", "plan:{}"),
        ("check", "net.keras", "--max", "macs=1", "-o", "json:{}"),
        ("export", "net.keras", "-o", "{}"),
        ("init", "net.keras", "--force", "--budget", "{}"),
    ],
)
def test_an_input_is_not_overwritten(run: Run, arguments: Sequence[str], other: Callable[[Path], str]) -> None:
    net("b.keras")
    Path("x").mkdir()
    before = Path("net.keras").read_bytes()
    name = other(Path("net.keras"))
    result = run(*(argument.format(name) for argument in arguments))
    assert result.code == 2
    assert result.err == f"error: {name}: is the input, and would be overwritten\n"
    assert Path("net.keras").read_bytes() == before


def test_a_base_a_policy_a_lock_and_a_plan_are_inputs_too(run: Run) -> None:
    run("analyze", "net.keras", "-o", "base.json")
    assert run("init", "net.keras").code == 0
    assert run("lock").code == 0
    for target, arguments in {
        "base.json": ("check", "net.keras", "--max", "macs=1G", "--base", "base.json", "-o"),
        "convcost.yaml": ("check", "-o"),
        "convcost.lock.json": ("check", "-o"),
    }.items():
        before = Path(target).read_bytes()
        result = run(*arguments, f"json:{target}")
        assert (target, result.code) == (target, 2)
        assert result.err == f"error: {target}: is the input, and would be overwritten\n"
        assert Path(target).read_bytes() == before
    Path("convcost.lock.json").unlink()
    Path("convcost.lock.json").symlink_to("net.keras")
    assert run("lock").code == 2
    Path("plan.yaml").write_text("convcost_plan: 1\nlayers: {conv: {variant: separable}}\n")
    result = run("rewrite", "net.keras", "--plan", "plan.yaml", "-o", "plan.yaml")
    assert result.err == "error: plan.yaml: is the input, and would be overwritten\n"
    assert Path("plan.yaml").read_text().startswith("convcost_plan")


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "net.keras", "--device", "board.yaml"),
        ("variants", "net.keras", "--device", "board.yaml"),
        ("plan", "net.keras", "--max", "macs=1", "--device", "board.yaml"),
        ("compare", "--in", "3", "--out", "8", "--device", "board.yaml"),
        ("bench", "net.keras", "--device", "board.yaml"),
        ("devices", "board.yaml"),
    ],
)
def test_the_profile_of_a_device_is_an_input_too(run: Run, arguments: Sequence[str]) -> None:
    Path("board.yaml").write_text("a profile")
    result = run(*arguments, "-o", "json:board.yaml")
    assert (result.code, result.err) == (2, "error: board.yaml: is the input, and would be overwritten\n")
    assert Path("board.yaml").read_text() == "a profile"


def test_two_results_for_one_file_are_refused(run: Run) -> None:
    Path("link.csv").symlink_to("a.json")
    for other in ("./a.json", "csv:a.json", "link.csv"):
        result = run("analyze", "net.keras", "-o", "a.json", "-o", other)
        assert (result.code, result.out) == (2, "")
        assert result.err == "error: a.json: two results would be written to this file\n"
    result = run("plan", "net.keras", "--max", "macs=1", "-o", "plan.yaml", "-o", "json:plan.yaml")
    assert "two results" in result.err


def test_a_link_stays_and_modes_stay(run: Run) -> None:
    Path("report.json").write_text("old")
    Path("report.json").chmod(0o640)
    Path("latest.json").symlink_to("report.json")
    assert run("analyze", "net.keras", "-o", "latest.json", "-o", "new.csv").code == 0
    assert Path("latest.json").is_symlink()
    assert json.loads(Path("report.json").read_text())["model"]["name"] == "net"
    assert Path("report.json").stat().st_mode & 0o777 == 0o640
    umask = os.umask(0)
    os.umask(umask)
    assert Path("new.csv").stat().st_mode & 0o777 == 0o666 & ~umask


def test_devices_and_pipes_are_written_into(run: Run) -> None:
    os.mkfifo("pipe")
    reader = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True)
    assert run("analyze", "net.keras", "-o", "json:pipe", "-o", f"csv:{os.devnull}").code == 0
    assert json.loads(reader.communicate(timeout=30)[0])["model"]["name"] == "net"
    assert Path(os.devnull).is_char_device()
    assert Path("pipe").is_fifo()
    result = run("analyze", "net.keras", "-o", "json:/dev/full")
    assert result.err == "error: /dev/full: cannot be written: No space left on device\n"


def test_standard_output_is_not_replaced_under_its_own_feet() -> None:
    with open("report.json", "w") as file:
        result = convcost("analyze", "net.keras", "-o", "report.json", stdout=file)
    assert result.returncode == 2
    assert "report.json: is where standard output goes" in result.stderr
    assert json.loads(convcost("analyze", "net.keras", "-f", "json", "-o", "json:/dev/stderr").stderr)


def test_folders_are_no_files_and_proc_takes_none(run: Run) -> None:
    Path("reports.json").mkdir()
    assert "is a folder" in run("analyze", "net.keras", "-o", "reports.json").err
    result = run("analyze", "net.keras", "-o", "/proc/report.json")  # where even root may not
    assert result.code == 2
    assert result.err.startswith("error: /proc/report.json: cannot be written: ")


FULL = 4096


@pytest.mark.parametrize("arguments", [("analyze", "{net}", "-o", "out.json"), ("export", "{net}", "-o", "out.json")])
def test_a_full_disk(arguments: Sequence[str]) -> None:
    net = archive(Path("long.keras"), sequential(*(entry("ReLU", f"a{n}" + 40 * "x", max_value=n) for n in range(200))))
    Path("out.json").write_text("old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))

    result = convcost(*(argument.format(net=net) for argument in arguments), preexec_fn=limit)
    assert result.returncode == 2
    assert result.stderr == "error: out.json: cannot be written: File too large\n"
    assert Path("out.json").read_text() == "old"
    assert not left()


def test_a_full_disk_under_an_archive() -> None:
    Path("out.keras").write_text("old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))

    result = convcost("rewrite", TRAINED, "--variant", "separable", "-o", "out.keras", preexec_fn=limit)
    assert result.returncode == 2
    assert result.stderr == "error: out.keras: cannot be written: File too large\n"
    assert Path("out.keras").read_text() == "old"
    assert {path.name for path in Path().iterdir()} == {"net.keras", "out.keras"}


def shell(command: str) -> tuple[list[int], str]:
    """What a command line of bash ends with, part by part, and what it says."""
    program = f"{sys.executable} -m convcost"
    script = command.replace("convcost", program) + '; echo "${PIPESTATUS[@]}" >&3'
    read, write = os.pipe()
    done = subprocess.run(
        ["bash", "-c", f"exec 3>&{write}; {script}"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
    )  # fmt: skip
    os.close(write)
    with open(read) as codes:
        return [int(code) for code in codes.read().split()], done.stderr


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (f"convcost analyze {SPEC} -f json -o files.json | true", 0, ""),
        (f"convcost analyze {SPEC} -f json | head -1", 0, ""),
        (f"convcost check {SPEC} --max macs=1 | true", 1, ""),
        ("convcost analyze net.keras >&-", 2, "error: standard output is closed\n"),
        ("convcost analyze gone.keras 2>&-", 2, ""),
        ("convcost analyze gone.keras 2>/dev/full", 2, ""),
        (
            "convcost analyze net.keras -o files.json >/dev/full",
            2,
            "error: standard output: cannot be written: No space left on device\n",
        ),
        ("convcost --version >&-", 0, ""),
    ],
)
def test_streams(command: str, code: int, said: str) -> None:
    codes, told = shell(command)
    assert (codes[0], told) == (code, said)
    assert Path("files.json").exists() == ("files.json" in command)


def handled(process: subprocess.Popen[str]) -> bool:
    """Whether the program has begun: it handles SIGTERM, which Python by itself does not."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(re.search(r"SigCgt:\s*([0-9a-f]+)", status)[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("arguments", "delays"),
    [
        (("analyze", SPEC, "-o", "out.json"), (0, 0.03, 0.07, 0.12)),
        (("separability", TRAINED, "-o", "out.json"), (0.1, 0.25)),
        (("plan", TRAINED, "--front", "-o", "out.json"), (0.1, 0.3)),
        (("rewrite", TRAINED, "--variant", "separable", "-o", "out.keras"), (0.1, 0.3)),
        pytest.param(("verify", TRAINED, "-o", "out.json"), (0.5, 1.5), id="verify"),
    ],
)
def test_a_signal_ends_a_run_in_silence(
    arguments: Sequence[object], delays: Sequence[float], kind: signal.Signals
) -> None:
    command = list(map(str, arguments))
    environment = {**os.environ, "TMPDIR": str(Path("temporary").absolute())}
    Path("temporary").mkdir()
    for delay in delays:
        Path(command[-1]).write_text("old")
        process = subprocess.Popen(
            [sys.executable, "-m", "convcost", *command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        while process.poll() is None and not handled(process):
            time.sleep(0.002)
        time.sleep(delay)
        process.send_signal(kind)
        _, said = process.communicate(timeout=60)
        assert process.returncode in (0, 128 + kind, -kind)  # it had ended, or was about to
        if process.returncode:
            assert all(line.startswith("warning: ") for line in said.splitlines()), said
            assert Path(command[-1]).read_bytes() == b"old" or Path(command[-1]).stat().st_size > 100
        assert not left()
        assert not list(Path("temporary").iterdir())
