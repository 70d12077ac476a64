"""Side by side in one run: what the work costs, never a timed assertion."""
