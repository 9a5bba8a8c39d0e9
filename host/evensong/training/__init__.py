"""Training and evaluation: labelled nights in, a model file and figures out. Nothing but the command line imports it."""
