"""Model (and weights) -> a file. To add a format, add a module here with `text_of(model)`, or what makes its bytes, and
call it in `convcost.api`. `whole` puts files in place, so that an interrupted run leaves the old one.
"""
