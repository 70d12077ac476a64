"""What this process says beside its results: one message for a failure, no secret, text in a style."""
