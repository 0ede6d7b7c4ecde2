"""`deckgen train sample`: configurations from dynamics."""
