"""Training of the embedded networks, and what they are trained on."""
