"""Measured time: how it is taken, what it says of a model beside its counts, and the profile that fits a machine.

`engine` is what converts models and times files (`litert` is one); `benching` and `calibrating` measure with it.
`timing`, `bench` and `calibration` are what comes of that, `specimens` the layers to measure a machine by, `fitting`
the laws of a profile.
"""
