"""The options of commands, their help, and messages for unknown commands and options."""
