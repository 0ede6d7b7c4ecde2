"""Work in processes of its own: the executor, the one loop over tasks, locks, signals, progress."""
