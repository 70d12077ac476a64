"""Commands that write files: what is live, saved or migrated becomes manifests."""
