"""The words that all rooms of PodTwin share; standard library and msgspec only."""
