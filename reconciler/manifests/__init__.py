"""Folders on disk → what is desired: reading, references, the `reconciler:` block."""
