"""Training and evaluation: labelled nights in, a model file and figures out. Only the command line imports it."""
