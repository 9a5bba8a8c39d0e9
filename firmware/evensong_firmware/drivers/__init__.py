"""One chip per file; each reads INTO the caller's buffer, allocates nothing after its construction and raises OSError
when its chip does not answer.

A driver of a chip with a FIFO has
  RATE_HZ, BURST    samples per second, and of one `read`
  ASKS, OVERDUE_MS  whether it has an interrupt that says BURST samples wait, and how long after the last look one
                    should look at it unasked
  start()           set every register that matters and begin with an empty FIFO
  rest()            as little current as the chip can do with
  waiting()         samples in the FIFO, -1 if the chip forgot its registers; `lost` says whether the FIFO ran over
  read(samples)     the next BURST samples, which are there
Its data sheet stands in its docstring. Registers are numbers there, because names would cost memory on the board.
"""
