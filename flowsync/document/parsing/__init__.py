"""YAML text to values and places: libyaml's events, and a guard where libyaml and npm `yaml` differ."""
