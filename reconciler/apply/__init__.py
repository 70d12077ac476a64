"""Carry out a plan: the engine, what a run is given, late creates, verifying, the journal."""
