"""Bodies of resources → the files that a person would have written, and patches of those that are there."""
