"""Commands that write files: they turn live, saved or migrated objects into manifests."""
