"""Track to pictures: the head rendered without a screen, and H.264 video with the speech."""
