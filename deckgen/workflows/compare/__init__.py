"""`deckgen compare`: isomers against a reference calculator."""
