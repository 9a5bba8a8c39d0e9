"""From raw samples to what is stored: integers only, no hardware, no input or output. CPython runs it too."""
