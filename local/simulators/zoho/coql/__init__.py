"""CRM Object Query Language: reads a query, and runs it over the records of an org."""
