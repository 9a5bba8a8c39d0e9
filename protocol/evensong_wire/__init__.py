"""The wire between wearable and hub: frames, their models, and the streams that carry them."""
