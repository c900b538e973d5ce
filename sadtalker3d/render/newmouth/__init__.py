"""New words in old pictures: the lower face of every frame is bent to a new expression, all else stays as it was filmed."""
