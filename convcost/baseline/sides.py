"""What a side of a diff names: a model file, a JSON report, or a file in a commit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convcost.baseline.git import GitError, Repository
from convcost.baseline.measuring import measured, measured_bytes
from convcost.baseline.saved_reports import is_report, read_reports
from convcost.budget.figures import Figures
from convcost.budget.rules import Place, Subject
from convcost.errors import ConvcostError
from convcost.model import Shape


class Sides:
    """Both sides are measured alike."""

    def __init__(
        self, input_shape: Mapping[str, Shape], parameters: Mapping[str, Any], batch: int, folder: Path
    ) -> None:
        self.input_shape = input_shape
        self.parameters = parameters
        self.batch = batch
        self.folder = folder

    def figures(self, side: str) -> Figures:
        """What `side` names costs. Raises ConvcostError where it cannot be read."""
        path = Path(side)
        ref, colon, inside = side.partition(":")
        if not path.exists() and colon and ref and inside:
            return self._in_git(ref, inside)
        if is_report(path):
            reports = read_reports(path)
            if len(reports) > 1:
                names = ", ".join(report.model.name for report in reports)
                raise ConvcostError(f"{side}: holds {len(reports)} models ({names}), allowed: one")
            return reports[0].figures
        return measured(self._subject(side)).figures

    def _in_git(self, ref: str, inside: str) -> Figures:
        repository = Repository(self.folder)
        try:
            commit = repository.commit(ref)
            start = self.folder if inside.startswith(("./", "../")) else repository.top
            content = repository.read(commit, start / inside)
        except GitError as error:
            raise ConvcostError(f"{ref}:{inside}: {error}") from None
        if content is None:
            raise ConvcostError(f"{ref}:{inside}: no such file there; a path is from the top of the repository, or ./")
        return measured_bytes(self._subject(inside), content, f"{ref}:{inside}").figures

    def _subject(self, source: str) -> Subject:
        return Subject(
            Path(source).stem,
            source,
            Place(source),
            input_shape=self.input_shape,
            parameters=self.parameters,
            batch=self.batch,
        )
