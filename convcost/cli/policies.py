"""Which policy a command works by, and which of its models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from convcost.budget.rules import Subject
from convcost.errors import ConvcostError
from convcost.paths import YAML
from convcost.policy.document import Document, read_policy
from convcost.policy.find import NAME, find_policy


def policy_of(budget: Path | None) -> Document:
    """The policy that `--budget` names, else the nearest. Raises ConvcostError where there is none."""
    path = budget if budget is not None else find_policy(Path.cwd())
    if path is None:
        raise ConvcostError(
            f"no {NAME} here or in a folder above; `convcost init MODEL` writes one,"
            " or give limits: convcost check MODEL --max macs=600M"
        )
    return read_policy(path)


def subjects_of(document: Document, wanted: Sequence[str], specs: bool) -> list[Subject]:
    """The models of a policy that are wanted. Raises ConvcostError where none is left."""
    subjects = document.subjects(wanted)
    if specs:
        subjects = [subject for subject in subjects if Path(subject.source).suffix in YAML]
        if not subjects:
            raise ConvcostError("--specs: no model that is to be checked is a spec (.yaml, .yml)")
    return subjects
