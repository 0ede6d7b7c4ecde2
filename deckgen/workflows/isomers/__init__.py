"""`deckgen isomers`: from frames to results/isomers.json."""
