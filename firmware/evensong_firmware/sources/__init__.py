"""What turns the samples of a chip into the samples of a board: it empties the FIFO, dates, senses, and says when its
chip fails and recovers."""
