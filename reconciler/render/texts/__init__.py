"""Two texts compared: lines, phrases and words, with what differs marked and white space visible."""
