"""The fit by deckgen itself: the least squares of gap_fit, streamed through a triangular factor (docs/gap-fit.md)."""
