"""Measured time: how it is taken, what it says of a model beside its counts, and the profile that fits a machine."""
