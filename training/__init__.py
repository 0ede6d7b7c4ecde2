"""Training a GAP: from labelled configurations to a validated potential."""
