"""The bedside daemon: wearables in, journal, staging, documents out. Its rooms meet in the journal and nowhere else."""
