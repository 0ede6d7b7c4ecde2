"""`deckgen run` and `deckgen plan`: a study, and what it takes to reach its goal."""
