"""New words in old pictures: the lower face of each frame is bent to another expression, all else stays as filmed."""
