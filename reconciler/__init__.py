"""Agents and assistants as code: manifests in Git, compared with what is live, carried out as reviewed."""

__version__ = "0.1.0"
