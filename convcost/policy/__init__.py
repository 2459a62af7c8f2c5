"""The policy file `convcost.yaml` -> subjects and rules. `records` says what it may hold, `located` validates it line
by line, `document` makes rules of it, `find` looks for it."""
