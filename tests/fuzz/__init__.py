"""Files that no program wrote: every reader of convcost on mutated models, specs, policies, plans, locks and reports.

A run keeps the promise of docs/security.md, or it is a find: it ends with 0, 1, 2 or 3, says in one line what is wrong,
and takes neither time nor memory. `targets` says what is run on which bytes and judges how it ended, `seeds` makes
files to start from, `trees`, `texts`, `zips` and `messages` change them without breaking all of their form.

`python -m tests.fuzz TARGET` runs for as long as you like, guided by coverage (atheris). `test_short_run.py` is a short
run with fixed seeds, and `finds/` keeps every file that once broke the promise, by target.
"""
