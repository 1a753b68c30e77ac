"""How time passes in a company: holidays, month ends, weeks that cannot show all they hold."""
