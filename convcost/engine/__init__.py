"""All that needs a framework, or runs a model: load, trace, count, build, convert, time. What TensorFlow contracts is a
list (`contractions.RULES`), and so is where that differs from what a layer defines (`differences`).
"""
