"""The wire of Evensong, version 1: frames defined once with construct, and what is generated from them."""
