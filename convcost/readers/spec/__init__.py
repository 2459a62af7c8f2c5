"""A spec's YAML -> Model. `document` reads the file's top level, `items` what its lists of layers say, `graph` writes
them out as layers; `parameters` and `settings` are the values in it.
"""
