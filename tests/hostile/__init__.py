"""Files that mean harm, one test each, grouped by what they are wrapped in. docs/security.md tells what is promised.

Every test runs the command line in a process of its own, and the fixture `convcost` holds it to the promise: it ends
with 0, 1, 2 or 3, shows no traceback, and takes less than 256 MB. The file adds what it must say.
"""
