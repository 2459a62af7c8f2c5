"""What trained kernels say about replacing them: fits and the scores of their errors."""
