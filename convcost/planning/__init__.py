"""Which layers to replace, under limits: the offers, the search, and the file that holds its answer."""
