"""The engine: from Frames in offset order to steps of the twin, in site time."""
