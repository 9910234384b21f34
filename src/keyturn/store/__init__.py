"""What is remembered: SQLite or PostgreSQL, one function per question or change."""
