"""`deckgen analyse`: from samples to results/thermodynamics.json."""
