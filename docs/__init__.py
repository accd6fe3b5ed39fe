"""Extensions of Sphinx for the documentation's site; nothing else imports this."""
