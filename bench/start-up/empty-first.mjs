// Nothing: what loading a module costs by itself.
