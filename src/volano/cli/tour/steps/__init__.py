"""The steps of the tour, one module each, with a function `run(day) -> Note`."""
