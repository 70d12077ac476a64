"""What a reviewer wants to know first: how bad it is, what comes from where, what many share."""
