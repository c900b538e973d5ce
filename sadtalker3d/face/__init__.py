"""A picture or a video of a person -> what the official SadTalker networks need of the face."""
