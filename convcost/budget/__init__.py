"""What a model may cost: limits, growth against a base, a lock; and the layers that grew. No file, no terminal here.

`metrics` says what can be limited (to add one, add a `Metric`), `quantities` how a limit is written, `figures` what was
measured, `rules` what a policy asks, `judge` makes the verdicts.
"""
