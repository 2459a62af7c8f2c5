"""What a model is held against: a base from git or a file, the lock, and the measuring of both sides."""
