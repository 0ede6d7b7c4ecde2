"""From a study to its decks: structures, potentials, templates, identities."""
