"""What git holds, read through its command line: no checkout, no library, nothing written, nothing fetched."""

from __future__ import annotations

import os
import subprocess
from functools import cached_property
from pathlib import Path

import msgspec

TIMEOUT = 120
"""Seconds."""
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
LARGEST_POINTER = 1024


class GitError(Exception):
    """What git could not do, and what the user can."""


class Commit(msgspec.Struct, frozen=True):
    """A commit to compare with; `ref` is how the user named it or what it came from."""

    ref: str
    id: str

    def __str__(self) -> str:
        return f"{self.ref}, merge base {self.id[:7]}"


class Repository:
    """The repository that a folder is in. Errors are GitErrors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def top(self) -> Path:
        return Path(os.fsdecode(self.git("rev-parse", "--show-toplevel")).rstrip("\n"))

    @cached_property
    def is_shallow(self) -> bool:
        return self.git("rev-parse", "--is-shallow-repository").strip() == b"true"

    def commit(self, ref: str) -> str:
        """The commit that a ref names."""
        found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", may_fail=True)
        if found is None:
            raise GitError(f"{ref!r} names no commit here{self._where_else(ref)}")
        return found.decode().strip()

    def merge_base(self, ref: str) -> Commit:
        """Where the work at HEAD left `ref`."""
        self.top  # noqa: B018 (raises where there is no repository)
        tip = self.commit(ref)
        if self.git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", may_fail=True) is None:
            raise GitError("there is no commit yet")
        found = self.git("merge-base", tip, "HEAD", may_fail=True)
        if found is None:
            raise GitError(f"{ref!r} and HEAD have no commit in common{self._deepen()}")
        return Commit(ref, found.decode().strip())

    def read(self, commit: str, path: Path) -> bytes | None:
        """A file as it is in a commit; None where it is not there. What is in Git LFS is read where it was fetched."""
        name = f"{commit}:{self._inside(path)}"
        kind = self.git("cat-file", "-t", name, may_fail=True)
        if kind is None:
            return None
        if kind.strip() != b"blob":
            raise GitError(f"{path} is a folder in {commit[:7]}; only files can be read from git")
        # `git show` would run a textconv filter of the user's configuration; this is what it shows without one.
        content = self.git("cat-file", "blob", name)
        return self._fetched(content, commit, path) if is_lfs_pointer(content) else content

    def renamed_from(self, commit: str, path: Path) -> Path | None:
        """What a file was called in a commit, where git sees that it was renamed since."""
        inside = self._inside(path)
        names = ("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", commit, "HEAD")
        fields = os.fsdecode(self.git(*names, may_fail=True) or b"").split("\0")
        for _, old, new in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
            if new == inside:
                return self.top / old
        return None

    def last_change(self, path: Path) -> str:
        """The commit that last changed a file; "" where none did."""
        return self.git("log", "-1", "--format=%H", "--", f":(top,literal){self._inside(path)}").decode().strip()

    def git(self, *arguments: str, may_fail: bool = False) -> bytes:
        """What git prints. Where it fails: None if it `may_fail`, else a GitError."""
        environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            done = subprocess.run(  # noqa: S603 (no shell; a ref is only ever read as a ref)
                ["git", *arguments],  # noqa: S607 (the user's git)
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=TIMEOUT,
            )
        except FileNotFoundError:
            raise GitError("git is not installed") from None
        except subprocess.TimeoutExpired:
            raise GitError(f"git {arguments[0]} took more than {TIMEOUT} s") from None
        if done.returncode == 0:
            return done.stdout
        if may_fail:
            return None  # type: ignore[return-value]
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"git {arguments[0]} failed"]
        raise GitError(said[0].removeprefix("fatal: "))

    def _inside(self, path: Path) -> str:
        """A path as git names it: from the top of the repository."""
        try:
            return Path(os.path.realpath(path)).relative_to(os.path.realpath(self.top)).as_posix()
        except ValueError:
            raise GitError(f"{path} is outside of the repository {self.top}") from None

    def _where_else(self, ref: str) -> str:
        remote = f"origin/{ref}"
        if self.git("rev-parse", "--verify", "--quiet", "--end-of-options", remote, may_fail=True) is not None:
            return f"; did you mean {remote!r}?"
        return self._deepen() or f"; `git fetch origin {ref}` may bring it"

    def _deepen(self) -> str:
        if not self.is_shallow:
            return ""
        return ": this is a shallow clone; run `git fetch --unshallow`, or check out with `fetch-depth: 0`"

    def _fetched(self, pointer: bytes, commit: str, path: Path) -> bytes:
        """The content that a Git LFS pointer stands for."""
        entries = dict(line.split(" ", 1) for line in pointer.decode(errors="replace").splitlines() if " " in line)
        oid = entries.get("oid", "").removeprefix("sha256:")
        common = Path(os.fsdecode(self.git("rev-parse", "--git-common-dir")).rstrip("\n"))
        stored = self.folder / common / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
        if len(oid) == 64 and oid.isalnum() and stored.is_file():
            return stored.read_bytes()
        raise GitError(
            f"{path} is a Git LFS pointer in {commit[:7]}, and its content is not here;"
            f" run `git lfs fetch origin {commit[:7]}`"
        )


def is_lfs_pointer(content: bytes) -> bool:
    return len(content) <= LARGEST_POINTER and content.startswith(LFS_POINTER)
