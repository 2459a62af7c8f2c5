"""What models are compared with: the merge base of a ref and HEAD, or a JSON report. Neither needs a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from convcost.baseline.git import Commit, GitError, Repository
from convcost.baseline.measuring import measured_bytes
from convcost.baseline.saved_reports import SavedReport, read_reports
from convcost.budget.figures import Figures
from convcost.budget.judge import Absent
from convcost.budget.rules import Subject
from convcost.errors import ConvcostError

NONE_GIVEN = "no base was given (--base REF)"
NEW = "new"
NOT_THERE = "no base: "
"""How the reason starts where a base was asked for."""


class Base(Protocol):
    @property
    def label(self) -> str:
        """What it is, as people read it; "" where there is none."""
        ...

    def figures(self, subject: Subject) -> Figures | Absent: ...


class NoBase:
    """No base, and why."""

    label = ""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def figures(self, subject: Subject) -> Absent:  # noqa: ARG002 (as every base)
        return Absent(self.reason)


class GitBase:
    """The models as they are in a commit, measured by the policy of today."""

    def __init__(self, repository: Repository, commit: Commit) -> None:
        self.repository = repository
        self.commit = commit

    @property
    def label(self) -> str:
        return str(self.commit)

    def figures(self, subject: Subject) -> Figures | Absent:
        path = Path(subject.source)
        try:
            content = self.repository.read(self.commit.id, path)
            if content is None and (old := self.repository.renamed_from(self.commit.id, path)):
                content = self.repository.read(self.commit.id, old)
        except GitError as error:
            return Absent(f"{NOT_THERE}{error}")
        if content is None:
            return Absent(NEW, new=True)
        try:
            return measured_bytes(subject, content, f"{self.commit.id[:7]}:{path}").figures
        except ConvcostError as error:
            return Absent(f"{NOT_THERE}{error}")


class ReportBase:
    """The models in a JSON report of `analyze` or `check`, found by name or by file."""

    def __init__(self, path: Path, reports: list[SavedReport], alone: bool) -> None:
        self.label = str(path)
        self.reports = reports
        self.alone = alone
        """Whether one model is checked: the only report is then its, whatever it is called."""

    def figures(self, subject: Subject) -> Figures | Absent:
        found = [one for one in self.reports if one.model.name == subject.name]
        found = found or [one for one in self.reports if Path(one.model.source) == Path(subject.source)]
        if self.alone and len(self.reports) == 1:
            found = self.reports
        return found[0].figures if found else Absent(NEW, new=True)


def base_of(wanted: str | None, alone: bool, folder: Path) -> Base:
    """The base that `--base` names. Where there is none, the reason is kept: it is not always an error.

    Raises ConvcostError where a report is there and is none.
    """
    if wanted is None:
        return NoBase(NONE_GIVEN)
    path = Path(wanted)
    if path.suffix == ".json":
        if not path.is_file():
            return NoBase(f"{NOT_THERE}{wanted}: no such file")
        return ReportBase(path, read_reports(path), alone)
    repository = Repository(folder)
    try:
        return GitBase(repository, repository.merge_base(wanted))
    except GitError as error:
        return NoBase(f"{NOT_THERE}{error}")
