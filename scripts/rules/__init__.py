"""The audit's rules, one module each, and the engine that runs them. See `engine` for how to write one."""
