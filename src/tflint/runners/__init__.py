"""What runs models: a script for worker processes, and a module for each runtime. Nothing else imports these."""
