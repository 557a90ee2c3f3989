"""The web face: a page is one service call and one template."""
