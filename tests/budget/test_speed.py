"""Twenty models in a second, and nothing imported that a check does not need."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from tests.budget.conftest import Repo
from tests.conftest import ROOT

NEVER = ["tensorflow", "keras", "numpy", "h5py", "rich", "pydantic", "jinja2", "scipy"]


def test_twenty_models_take_less_than_a_second(repo: Repo) -> None:
    (repo.path / "zoo").mkdir()
    for number in range(20):
        shutil.copy(ROOT / "configs" / "mobilenet_v1.yaml", repo.path / "zoo" / f"net{number}.yaml")
    repo.write(
        "convcost.yaml",
        "version: 1\nmodels:\n  zoo:\n    source: zoo/*.yaml\n    budget: {macs: {max: 570M, max_increase: 1%}}\n",
    )
    repo.run("lock")
    started = time.process_time()  # of this process alone: the machine may be busy
    result = repo.run("check")
    seconds = time.process_time() - started
    assert result.out.endswith("140 checks: 120 passed, 0 warned, 0 failed, 20 skipped\n")
    assert seconds < 1


def test_a_check_of_a_spec_imports_no_framework(sample: Repo) -> None:
    code = (
        "import sys\n"
        "from convcost.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {NEVER} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "--base", "main"],
        cwd=sample.path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "8 checks: 8 passed" in done.stdout
    assert done.stderr.strip() == "[]"
