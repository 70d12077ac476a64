"""What many tests use: worlds, servers that misbehave, checkouts, GitHub, browsers. Nothing here is a test."""
