"""Bodies of resources → the files that a person would have written, and patches of existing ones."""
