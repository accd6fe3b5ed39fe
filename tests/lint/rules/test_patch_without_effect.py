"""UND035: patches of names that the code under test does not look up."""

from __future__ import annotations

from pathlib import Path

from tests.lint.cases import check, parametrized

APP = """\
=== app/__init__.py
=== app/mail.py
import smtplib
def send(address):
    return smtplib.SMTP(address)
def send_all(addresses):
    return [send(address) for address in addresses]
def log(text):
    return text
=== app/users.py
from app import mail
from app.mail import log, send
def invite(address):
    return log(send(address))
class Users:
    def note(self, text):
        return log(text)
    def late(self, text):
        from app.mail import log
        return log(text)
    def whole(self, text):
        return mail.log(text)
"""
ALONE = APP.replace(
    "def send_all(addresses):\n    return [send(address) for address in addresses]\n", ""
).replace("    def whole(self, text):\n        return mail.log(text)\n", "")
CASES = {
    "a name that the code has imported": """
from unittest.mock import patch
from app.users import Users, invite
def test_a():
    with patch("app.mail.send"):  # here
        assert invite("ana") is None
@patch("app.mail.log")  # here
def test_b(log):
    assert Users().note("Ana") is None
"""
    + ALONE,
    "replaced by monkeypatch": """
from app import mail
from app.users import invite
def test_a(monkeypatch):
    monkeypatch.setattr("app.mail.send", lambda address: None)  # here
    monkeypatch.setattr(mail, "log", str)  # here
    assert invite("ana") is None
"""
    + ALONE,
    "a name that does not exist": """
from unittest.mock import patch
from app import mail, users
def test_a(monkeypatch, mocker):
    with patch("app.mail.sent"):  # here
        assert users
    monkeypatch.setattr(mail, "deliver", None, raising=False)  # here
    mocker.patch("app.mail.Mailer", create=True)  # here
    assert users
"""
    + APP,
    "the name of the module that uses it": """
from unittest.mock import patch
from app.users import Users, invite
def test_a():
    with patch("app.users.send"), patch("app.mail.send"):
        assert invite("ana") is None
    with patch("app.users.log"):
        assert Users().note("Ana") is None
"""
    + ALONE,
    "it is looked up there as well": """
from unittest.mock import patch
from app.users import Users, invite
def test_a():
    with patch("app.mail.send"):
        assert invite("ana") is None
    with patch("app.mail.log"):
        assert Users().whole("Ana") is None
        assert Users().late("Ana") is None
"""
    + APP,
    "the module is imported under the patch": """
from unittest.mock import patch
def test_a():
    with patch("app.mail.send"):
        from app.users import invite
        assert invite("ana") is None
"""
    + ALONE,
    "an attribute of a class is the same everywhere": """
from unittest.mock import patch
from app.users import invite
def test_a():
    with patch("app.mail.Mailer.send"), patch("app.mail.smtplib"):
        assert invite("ana") is None
=== app/mail.py
import smtplib
class Mailer:
    def send(self, address):
        return smtplib.SMTP(address)
=== app/users.py
from app.mail import Mailer
def invite(address):
    return Mailer().send(address)
""",
    "names that do not stand in the module": """
from unittest.mock import patch
import app
def test_a():
    with patch("app.mail.send"), patch("app.lazy.send"), patch("app.star.send"):
        assert app
    with patch("app.mail.__file__"), patch("elsewhere.send"):
        assert app
    with patch("app.mail.encode", create=True):
        assert app.by_name("app.mail.encode.strict")
=== app/__init__.py
=== app/mail/__init__.py
=== app/mail/send.py
=== app/lazy.py
def __getattr__(name):
    return 1
=== app/star.py
from os.path import *
""",
    "imported when it is used, and named in annotations": """
from unittest.mock import patch
from app.users import Users, total
def test_a():
    with patch("app.mail.Mailer"):
        assert Users(None).mailer
    with patch("app.mail.Mailer"):
        assert total(None) == 0
=== app/mail.py
class Mailer:
    size = 0
=== app/teams.py
=== app/users.py
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from app.mail import Mailer
class Users:
    def __init__(self, mailer):
        from app.mail import Mailer
        self.mailer: Mailer = Mailer()
def total(mailer: "Mailer") -> int:
    return Mailer.size if mailer else 0
""",
    "only in annotations": """
from unittest.mock import patch
from app.users import total
def test_a():
    with patch("app.mail.Mailer"):
        assert total(None) == 0
=== app/mail.py
class Mailer:
    size = 0
=== app/users.py
from app.mail import Mailer
def total(mailer: Mailer) -> Mailer:
    found: Mailer | None = mailer
    return found
""",
    "a guard": """
from unittest.mock import patch
from app.mail import send
def test_a():
    with patch("app.mail.legacy", side_effect=AssertionError, create=True):
        send()
=== app/mail.py
def send():
    return 1
""",
    "one name for two modules": """
def test_a(monkeypatch):
    from app import mail as sent
    monkeypatch.setattr(sent, "send", None)
    assert sent.deliver() is None
def test_b():
    from app import post as sent
    assert sent.stamp() is None
=== app/__init__.py
=== app/mail.py
send = print
def deliver():
    return send("x")
=== app/post.py
def stamp():
    return None
""",
}


@parametrized(CASES)
def test_finds_what_is_marked(case: str, tmp_path: Path) -> None:
    check("UND035", case, tmp_path)
