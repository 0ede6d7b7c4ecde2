"""Labels: energies and forces of the reference, frame by frame."""
