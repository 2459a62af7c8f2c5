"""`convcost init` and `convcost diff`."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.budget.conftest import Repo
from tests.budget.making import conv, dense, secret
from tests.building import archive, entry, sequential
from tests.conftest import ROOT


def test_init_writes_limits_that_hold(repo: Repo) -> None:
    (repo.path / "zoo").mkdir()
    shutil.copy(ROOT / "configs" / "mobilenet_v1.yaml", repo.path / "zoo" / "net: 1.yaml")
    dense(repo.path / "custom.keras", 1000, secret("odd one"))
    (repo.path / ".hidden").mkdir()
    dense(repo.path / ".hidden" / "x.keras", 1)
    repo.write("other.yaml", "not: a spec\n")
    assert repo.run("init").out == "convcost.yaml: 2 models; `convcost check` compares with it\n"
    text = (repo.path / "convcost.yaml").read_text()
    assert "macs: {max: 626M}  # 568,740,352\n" in text
    assert '"net: 1":' in text
    assert '      - "odd one"' in text
    result = repo.run("check")
    assert result.code == 0
    assert "8 passed" in result.out
    refused = repo.run("init")
    assert refused.code == 2
    assert "--force overwrites it" in refused.err
    assert repo.run("init", "--force", "--headroom", "0%").code == 0
    assert repo.run("check").code == 0
    assert "max: 569M" in (repo.path / "convcost.yaml").read_text()


def test_init_keeps_how_the_model_was_measured(repo: Repo) -> None:
    shutil.copy(ROOT / "configs" / "mobilenet_v1.yaml", repo.path / "net.yaml")
    options = ("--set", "alpha=0.5", "--set", "resolution=128", "--batch", 2, "--budget", "ci/convcost.yaml")
    (repo.path / "ci").mkdir()
    assert repo.run("init", "net.yaml", *options).code == 0
    text = (repo.path / "ci" / "convcost.yaml").read_text()
    assert "source: ../net.yaml" in text
    assert "set: {alpha: 0.5, resolution: 128}" in text
    assert "defaults: {batch: 2}" in text
    result = repo.run("check", "--budget", "ci/convcost.yaml", "--format", "json")
    assert json.loads(result.out)["reports"][0]["totals"]["macs"] == pytest.approx(2 * 49_160_000, rel=1e-3)
    archive(repo.path / "open.keras", sequential(conv("c", 2), shape=[None, None, 3]))
    assert repo.run("init", "open.keras", "--input-shape", "8x9x3", "--budget", "open.yaml").code == 0
    assert "input_shape: 8x9x3" in (repo.path / "open.yaml").read_text()
    assert repo.run("check", "--budget", "open.yaml").code == 0


def test_init_refusals(repo: Repo) -> None:
    assert "no model is here or below" in repo.run("init").err
    assert "--headroom is '10', allowed: a percentage" in repo.run("init", "--headroom", "10").err
    assert "gone.keras: no such file" in repo.run("init", "gone.keras").err


def test_diff_of_two_files(repo: Repo) -> None:
    archive(repo.path / "old.keras", sequential(conv("a", 2), conv("b", 4), entry("ReLU", "act")))
    archive(repo.path / "new.keras", sequential(conv("a", 3), conv("b", 4), entry("Softmax", "soft")))
    result = repo.run("diff", "old.keras", "new.keras", "--raw")
    assert result.code == 0
    rows = {tuple(line.split()[:2]): line.split() for line in result.out.splitlines() if line[:1] in ("~", "+", "-")}
    assert rows["~", "a"] == ["~", "a", "Conv2D", "384", "576", "+192", "8", "12", "+4"]  # 8·8·3·2 MACs, 3·2 + 2 params
    assert rows["~", "b"] == ["~", "b", "Conv2D", "512", "768", "+256", "12", "16", "+4"]
    assert rows["+", "soft"][:3] == ["+", "soft", "Softmax"]
    assert rows["-", "act"][:3] == ["-", "act", "ReLU"]
    assert "1 layer the same" in result.out
    assert repo.run("diff", "old.keras", "new.keras", "--exit-code").code == 1
    assert repo.run("diff", "old.keras", "old.keras", "--exit-code").code == 0
    swapped = json.loads(repo.run("diff", "new.keras", "old.keras", "--format", "json").out)["difference"]
    assert swapped["totals"]["macs"] == {"old": 576 + 768, "new": 384 + 512, "change": -448}


def test_diff_of_a_rename(repo: Repo) -> None:
    archive(repo.path / "old.keras", sequential(conv("a", 2), conv("b", 4)))
    archive(repo.path / "new.keras", sequential(conv("a", 2), conv("c", 4)))
    result = repo.run("diff", "old.keras", "new.keras", "--exit-code")
    assert result.code == 0
    assert "~  b -> c  Conv2D" in result.out
    assert "+0" in result.out


def test_diff_of_commits_and_reports(repo: Repo) -> None:
    (repo.path / "zoo").mkdir()
    dense(repo.path / "zoo" / "net.keras", 4)
    repo.commit()
    dense(repo.path / "zoo" / "net.keras", 5)
    repo.run("analyze", "zoo/net.keras", "--format", "json", "-o", "new.json")
    for old in ("main:zoo/net.keras", "HEAD:./zoo/net.keras"):
        for new in ("zoo/net.keras", "new.json"):
            data = json.loads(repo.run("diff", old, new, "--format", "json").out)["difference"]
            assert data["totals"]["params"] == {"old": 16, "new": 20, "change": 4}
            assert [layer["change"]["params"] for layer in data["layers"]] == [4]
    markdown = repo.run("diff", "main:zoo/net.keras", "new.json", "--format", "markdown").out
    assert r"| params | 16 | 20 | +4 \(+25.0 %\) |" in markdown


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("gone.keras", "gone.keras: no such file"),
        ("main:gone.keras", "main:gone.keras: no such file there"),
        ("gone:net.keras", "gone:net.keras: 'gone' names no commit here"),
        ("two.json", "two.json: holds 2 models (net, net), allowed: one"),
        ("bad.json", "bad.json: no report of convcost"),
    ],
)
def test_diff_refusals(repo: Repo, old: str, said: str) -> None:
    dense(repo.path / "net.keras", 4)
    repo.commit()
    repo.run("analyze", "net.keras", "net.keras", "--format", "json", "-o", "two.json")
    repo.write("bad.json", '{"schema_version": 1, "model": 3}')
    result = repo.run("diff", old, "net.keras")
    assert (result.code, result.out) == (2, "")
    assert said in result.err
