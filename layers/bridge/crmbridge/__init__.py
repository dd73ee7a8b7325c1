"""CRM Bridge: the one package every function shares."""
