"""A picture or a video of a person -> what the official SadTalker networks need of the face.

- `portrait.read_portrait(path)`: the picture, its face and what the user should know; from `picture.read_picture`,
  `landmarks.Landmarks` and `landmarks.largest_face`
- `crop.crop_face(picture, points, size, way)`: the head as the generator sees it, and where to paste it back
- `align.align(crop, points)`: the head as the coefficient network sees it
- `coefficients.portrait_coefficients`, `motion_coefficients`, `performance_coefficients`: SadTalker's numbers
"""
