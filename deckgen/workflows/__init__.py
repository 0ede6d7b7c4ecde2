"""What crosses the stages: decks, runs and analysis come together here."""
