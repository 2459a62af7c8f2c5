"""A file -> Model. To add a reader, add a module here: `accepts(path, head)` says whether a file is its, `read` reads it.

Modules whose reading needs a library import it inside `read`.
"""
