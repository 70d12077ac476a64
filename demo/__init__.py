"""The main job on the example manifests, step by step; `python -m demo` from the repository's root."""
