"""Site files to start from, one a module type; read by `importlib.resources`."""
