"""`deckgen report`: what was found, as one HTML page."""
