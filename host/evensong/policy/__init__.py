"""Pure rules of precedence and consent that hub and Nexus will decide by; nothing decides by policy yet."""
