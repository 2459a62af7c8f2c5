"""`convcost lock`: a ratchet that falls by itself and rises only on demand."""

from __future__ import annotations

import json

import pytest

from convcost.budget.lock import Lock, Rise, changes, renewed, rises, tightened
from tests.budget.conftest import Repo
from tests.budget.making import dense, policy, secret

LOCK = "convcost.lock.json"


@pytest.fixture
def locked(repo: Repo) -> Repo:
    """A net of 4 units, its policy and its lock, committed."""
    dense(repo.path / "net.keras", 4)
    repo.write("convcost.yaml", policy("{params: {max: 1M}}"))
    assert repo.run("lock").code == 0
    repo.commit()
    return repo


def test_the_file_has_one_exact_number_a_line_sorted(locked: Repo) -> None:
    text = (locked.path / LOCK).read_text()
    counts = {"flops": 2 * 12 + 4, "macs": 12, "params": 16, "peak_activation_bytes": 4 * (3 + 4), "weight_bytes": 64}
    assert json.loads(text) == {"version": 1, "models": {"net": counts}}
    lines = [line.strip() for line in text.splitlines() if any(sign.isdigit() for sign in line)]
    assert lines == [*(f'"{name}": {count}{"," * (name != "weight_bytes")}' for name, count in counts.items()),
                     '"version": 1']  # fmt: skip
    assert locked.run("lock").out == f"{LOCK}: 0 counts changed, models: 1\n"


def test_any_growth_fails_and_names_the_layer(locked: Repo) -> None:
    dense(locked.path / "net.keras", 5)
    result = locked.run("check")
    assert result.code == 1
    assert "params lock" in result.out
    assert f"{LOCK}:6" in result.out
    assert "  grew most in macs since the lock, " in result.out
    assert "+3  head  units 4 -> 5" in result.out
    assert "1 passed, 0 warned, 5 failed" in result.out


def test_without_the_history_the_lock_still_fails(locked: Repo) -> None:
    dense(locked.path / "net.keras", 5)
    locked.git("update-ref", "-d", "refs/heads/main")
    result = locked.run("check")
    assert result.code == 1
    assert "grew most" not in result.out


def test_an_improvement_passes_and_prints_the_command(locked: Repo) -> None:
    dense(locked.path / "net.keras", 3)
    result = locked.run("check")
    assert result.code == 0
    assert "convcost lock --tighten" in result.out
    assert locked.run("lock", "--tighten").out == f"{LOCK}: 5 counts changed, models: 1\n"
    assert json.loads((locked.path / LOCK).read_text())["models"]["net"]["params"] == 12
    assert "--tighten" not in locked.run("check").out


def test_tighten_only_lowers(locked: Repo) -> None:
    before = (locked.path / LOCK).read_text()
    dense(locked.path / "net.keras", 5)
    assert locked.run("lock", "--tighten").code == 0
    assert (locked.path / LOCK).read_text() == before


def test_raising_takes_an_option(locked: Repo) -> None:
    before = (locked.path / LOCK).read_text()
    dense(locked.path / "net.keras", 5)
    refused = locked.run("lock")
    assert refused.code == 1
    assert "net: params 20 is 4 over" in refused.out
    assert "--allow-increase" in refused.out
    assert (locked.path / LOCK).read_text() == before
    assert locked.run("lock", "--allow-increase").code == 0
    assert json.loads((locked.path / LOCK).read_text())["models"]["net"]["params"] == 20
    assert locked.run("check").code == 0


def test_one_more_is_a_rise_and_as_much_is_none() -> None:
    lock = Lock(1, {"net": {"macs": 10, "params": 5}})
    today = {"net": {"macs": 11, "params": 5}, "new": {"macs": 1}}
    assert rises(lock, today) == [Rise("net", "macs", 10, 11)]
    assert tightened(lock, today) == lock
    assert renewed(lock, today, {"net", "new"}).models == today
    assert changes(lock, renewed(lock, today, {"net", "new"})) == 2


def test_new_models_are_added_and_old_ones_dropped(locked: Repo) -> None:
    dense(locked.path / "other.keras", 2)
    locked.write("convcost.yaml", "version: 1\nmodels:\n  other: {source: other.keras, budget: {params: {max: 99}}}\n")
    result = locked.run("check")
    assert result.code == 0
    assert "not in the lock yet: `convcost lock` adds it" in result.out
    assert "1 skipped" in result.out
    assert f"{LOCK} holds 'net', which the policy does not" in result.err
    locked.run("lock")
    assert list(json.loads((locked.path / LOCK).read_text())["models"]) == ["other"]


def test_changes_of_two_branches_merge(locked: Repo) -> None:
    """Two people who lock two models each do not meet in a line."""
    names = ["a", "b", "c", "d"]
    models = "".join(f"  {name}: {{source: {name}.keras, budget: {{params: {{max: 99}}}}}}\n" for name in names)
    locked.write("convcost.yaml", f"version: 1\nmodels:\n{models}")
    for name in names:
        dense(locked.path / f"{name}.keras", 4)
    assert locked.run("lock").code == 0
    locked.commit()
    for branch, name in (("one", "a"), ("two", "d")):
        locked.git("checkout", "-q", "-b", branch, "main")
        dense(locked.path / f"{name}.keras", 3)
        locked.run("lock", "--tighten")
        locked.commit()
    locked.git("merge", "-q", "--no-edit", "one")
    merged = json.loads((locked.path / LOCK).read_text())["models"]
    assert [merged[name]["params"] for name in names] == [12, 16, 16, 12]


def test_refusals(locked: Repo) -> None:
    assert "give one of them" in locked.run("lock", "--tighten", "--allow-increase").err
    (locked.path / LOCK).write_text("<<<<<<< HEAD\n")
    for command in ("lock", "check"):
        result = locked.run(command)
        assert result.code == 2
        assert f"{LOCK}: no lock file" in result.err
        assert "after a merge conflict" in result.err
    (locked.path / LOCK).write_text('{"version": 2, "models": {}}')
    assert "version is 2, allowed: 1" in locked.run("check").err
    (locked.path / LOCK).unlink()
    assert "there is no lock yet" in locked.run("lock", "--tighten").err
    dense(locked.path / "net.keras", 4, secret())
    result = locked.run("lock")
    assert result.code == 3
    assert "not counted: odd" in result.err
    assert not (locked.path / LOCK).exists()
