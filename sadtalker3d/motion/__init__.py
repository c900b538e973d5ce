"""Speech -> `Track`: mouth and face (ExpNet), head (PoseVAE), lids (blink); `generate` joins them."""
