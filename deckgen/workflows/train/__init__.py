"""`deckgen train`: from configurations to a validated potential."""
