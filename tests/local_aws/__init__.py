"""A local AWS for the tests: emulators, faults in front of them, and what they lack."""
