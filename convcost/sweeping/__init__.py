"""Many configurations of a model at once: a grid of parameters or input shapes through the rules that cost one model.

`axes` is what varies, `grid` a number that stands for all configurations, `evaluation` sends them through the rules,
`front` finds those that no other beats.
"""
