"""What this process prints besides its results: one message for a failure, no secret, text in a style."""
