"""The main job on the example manifests, told as a story; `python -m demo` from the repository's root."""
