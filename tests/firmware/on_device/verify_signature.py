"""Says whether a digest, a signature and a modulus belong together; then with a bit flipped in one or the other.

They come as hex, in pieces, because an argument of more than 255 bytes is no string for MicroPython.
"""

import sys
from binascii import unhexlify

from evensong_firmware.update import signed

digest, signature, modulus = "".join(sys.argv[1:]).split("-")
digest, signature = unhexlify(digest), unhexlify(signature)
modulus = int(modulus, 16)
print(signed(digest, signature, modulus))
print(signed(bytes([digest[0] ^ 1]) + digest[1:], signature, modulus))
print(signed(digest, signature[:-1] + bytes([signature[-1] ^ 1]), modulus))
