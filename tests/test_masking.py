"""A secret is taken out of values in every form in which it travels, and nothing else is."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

import pytest

from reconciler.masking import PLACEHOLDER, Mask, mask, placeholder

KEY = 'sk-A+b/c"d\\e<f>&0123456789='
FORMS = {
    "plain": KEY,
    "in a header": f"Authorization: Bearer {KEY}",
    "as JSON": json.dumps({"key": KEY}),
    "as JSON within JSON": json.dumps(json.dumps({"key": KEY})),
    "as JSON with escaped slashes": json.dumps(KEY).replace("/", "\\/"),
    "percent-encoded": quote(KEY),
    "percent-encoded whole": quote(KEY, safe=""),
    "percent-encoded in lower case": re.sub("%..", lambda code: code[0].lower(), quote(KEY, safe="")),
    "in a query": f"?key={quote_plus(KEY)}&more=1",
    "every byte percent-encoded": "".join(f"%{byte:02X}" for byte in KEY.encode()),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "in basic authorization": f"Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}",
    "in base64 after one": base64.b64encode(f"x{KEY}yy".encode()).decode(),
    "in base64 after two": base64.b64encode(f"xx{KEY}y".encode()).decode(),
    "in HTML": KEY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
    "in HTML with numbers": KEY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;"),
    "in HTML as Go writes it": "sk-A&#43;b/c&#34;d\\e&lt;f&gt;&amp;0123456789=",
    "as JSON as Go writes it": 'sk-A+b/c\\"d\\\\e\\u003cf\\u003e\\u00260123456789=',
    "cut off": f"Incorrect API key provided: {KEY[:20]}…",
    "cut off at the end": f"wrong key {KEY[:15]}",
}


def hiding(*secrets: str) -> Mask:
    return mask(secrets, lambda form, secret, how: placeholder("NAME", how))


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_hidden_in_every_form(form: str) -> None:
    shown = hiding(KEY).text(FORMS[form])

    assert PLACEHOLDER.search(shown)
    assert KEY[4:15] not in shown
    for code in (base64.b64encode, base64.urlsafe_b64encode):
        assert code(KEY.encode()).decode()[4:20] not in shown


def test_what_is_no_secret_stays() -> None:
    for text in ("sk-A is a prefix", f"{KEY[:11]}…", f"{KEY[:14]} and on", "", "Be kind."):
        assert hiding(KEY).text(text) is text


def test_what_is_too_short_to_be_a_key_hides_nothing() -> None:
    assert hiding("a", "true").text("a true word") == "a true word"
    assert hiding() == Mask()


def test_a_secret_that_is_a_part_of_another_leaves_nothing_of_it() -> None:
    assert hiding("abcdef", "abcdef-longer").text("abcdef-longer, abcdef") == "(the value of NAME), (the value of NAME)"


@pytest.mark.parametrize("secret", ["päss-wörd-123", "\udcff-not-utf-8", "line\nline-two"])
def test_a_secret_may_be_any_text(secret: str) -> None:
    assert hiding(secret).text(f"<{secret}>") == "<(the value of NAME)>"


def test_two_beginnings_of_a_secret_are_both_hidden_and_what_goes_on_otherwise_is_not() -> None:
    shown = hiding(KEY).text(f"{KEY[:13]}… {KEY[:13]}zz {KEY[:14]}...")

    assert shown == f"(the value of NAME)… {KEY[:13]}zz (the value of NAME)..."


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    parts: tuple[object, ...] = ()


def test_every_text_in_a_value_is_masked_keys_of_mappings_too() -> None:
    value = {"a": [KEY, 1, None, True], KEY: Thing(KEY, (Thing("ok"), 2.5))}

    shown = hiding(KEY).deep(value)

    word = "(the value of NAME)"
    assert shown == {"a": [word, 1, None, True], word: Thing(word, (Thing("ok"), 2.5))}


def test_what_holds_no_secret_is_the_very_same_and_what_is_met_twice_stays_one() -> None:
    clean, dirty = Thing("ok", (["a"], {"b": "c"})), Thing(KEY)
    value = [clean, dirty, dirty, {"x": clean}, frozenset({"a"}), Thing]

    shown = hiding(KEY).deep(value)

    assert shown[0] is clean
    assert shown[1] is shown[2] is not dirty
    assert shown[3] is value[3]
    assert hiding(KEY).deep(clean) is clean
    assert Mask().deep(value) is value


def test_what_is_skipped_stays_as_it_is() -> None:
    assert hiding(KEY).deep([Thing(KEY)], (Thing,)) == [Thing(KEY)]


def test_columns_stay_under_stars() -> None:
    assert hiding(KEY).starred(f"a {KEY} b") == f"a {'*' * len(KEY)} b"


def test_places_are_where_each_secret_stands_first() -> None:
    found = hiding(KEY).positions(f"a {KEY} {base64.b64encode(KEY.encode()).decode()} {KEY}")

    assert list(found) == [(2, "(the value of NAME)"), (30, "(the value of NAME as base64)")]


def test_who_knows_the_secret_puts_it_back() -> None:
    sealed = mask([KEY], lambda form, secret, how: f"[{abs(hash(form))}]", cut=False)
    text = " ".join(form for name, form in FORMS.items() if "cut" not in name)

    assert KEY not in sealed.text(text)
    assert sealed.inverse().text(sealed.text(text)) == text
