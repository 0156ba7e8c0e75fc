"""What all workers of the installation have published, read back from the updates topic."""
