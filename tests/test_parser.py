"""Manifests become what is desired in one environment, or every reason why not, each at its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import Json
from reconciler.diagnostics import CODES, Diagnostic, Location
from reconciler.kinds import ServerTraits
from reconciler.manifests.parser import ManifestContext, ParsedManifests, parse
from reconciler.manifests.reading import Manifest
from reconciler.model import Address, Desired
from reconciler.paths import Path
from reconciler.source import Node
from reconciler.source import parse as nodes_of

PRODUCTION = ManifestContext("production", ("local", "production", "staging"), {"handbook": "vs_1"})
STAGING = ManifestContext("staging", ("local", "production", "staging"))
LOCAL = ManifestContext("local", ("local", "production", "staging"))
ALONE = ManifestContext()
ONE = ManifestContext("production", ("local", "production"))
MODEL = "model: gpt-4o\n"


def manifests(text: str, stem: str = "bot", attachments: dict[str, str] | None = None) -> list[Manifest]:
    """Every document of a text, as the files give them."""
    attached = {name: node(name, inner) for name, inner in (attachments or {}).items()}
    documents = nodes_of(text, f"{stem}.yaml").documents
    return [Manifest(f"{stem}.yaml", stem, one, len(documents) == 1, attached) for one in documents]


def node(name: str, text: str) -> Node:
    return nodes_of(text, name).documents[0]


def told(parsed: ParsedManifests) -> list[str]:
    assert all(fault.code in CODES and fault.message and fault.remedy for fault in parsed.faults)
    return [shown(fault) for fault in parsed.faults]


def shown(fault: Diagnostic) -> str:
    """As `line:column code`, with the file where it is not the usual one, and a word where it is no error."""
    place = str(fault.place).removeprefix("bot.yaml:")
    return f"{place} {fault.code}" if fault.severity == "error" else f"{place} {fault.severity} {fault.code}"


def faults(text: str, setting: ManifestContext = PRODUCTION, **more: str) -> list[str]:
    return told(parse(manifests(text, **more), setting))


def desired(text: str, setting: ManifestContext = PRODUCTION, **more: str) -> Desired:
    parsed = parse(manifests(text, **more), setting)
    assert parsed.faults == ()
    (found,) = parsed.desired
    return found


def own(block: str) -> str:
    return f"reconciler: {block}\n{MODEL}"


def test_a_manifest_is_an_assistant_under_the_stem_of_its_file() -> None:
    found = desired("model: gpt-4o\nname: HR\n", stem="hr-helper")

    assert found.address == Address("assistant", "hr-helper")
    assert (found.fields["name"], found.fields["temperature"], found.left_to_server) == (
        "HR",
        1,
        {("reasoning_effort",)},
    )
    assert (found.id, found.was, found.on_removal, found.ignore) == (None, (), "delete", ())
    assert str(found.place) == "hr-helper.yaml:1:1"


def test_everything_in_the_block_is_heeded() -> None:
    found = desired(
        own(
            "{key: hr, id: {production: asst_1, staging: asst_2}, was: [hr-bot, hr.old], on_removal: refuse,"
            " ignore_changes: [temperature, 'metadata[\"last eval\"]', temperature]}"
        )
    )

    assert found.address.key == "hr"
    assert (found.id, found.was, found.on_removal) == ("asst_1", ("hr-bot", "hr.old"), "refuse")
    assert found.ignore == (("metadata", "last eval"), ("temperature",))


@pytest.mark.parametrize(
    "block", ["null", "{}", "{key: null, id: null, was: null, on_removal: null}", "{was: [], id: {}}"]
)
def test_a_block_that_says_nothing_is_as_none(block: str) -> None:
    assert desired(own(block)).address.key == "bot"


@pytest.mark.parametrize(
    ("setting", "id"), [(ALONE, "asst_1"), (ONE, "asst_1"), (ManifestContext("local", ("local", "production")), None)]
)
def test_a_bare_id_belongs_to_the_one_environment_besides_local(setting: ManifestContext, id: str | None) -> None:
    assert desired(own("{id: asst_1}"), setting).id == id


@pytest.mark.parametrize(
    ("stated", "ids"),
    [
        ("null", ()),
        ("[a, b]", ("a", "b")),
        ("{production: a, staging: b}", ("a",)),
        ("{production: [a, b]}", ("a", "b")),
        ("{staging: a}", ()),
    ],
)
def test_former_ids_are_those_of_the_environment_or_of_all(stated: str, ids: tuple[str, ...]) -> None:
    assert desired(own(f"{{former_ids: {stated}}}")).former_ids == ids


def test_what_a_server_lacks_is_no_error_of_a_manifest_that_does_not_exist_there() -> None:
    terms = ServerTraits(tools={"assistant": frozenset({"file"})}, unsupported={"assistant": frozenset({"top_p"})})
    there = replace(PRODUCTION, terms=terms)
    text = "tools: [{type: file_search}]\ntop_p: 0.5\nmodel: m\n"

    assert [fault.rpartition(" ")[2] for fault in faults(text, there)] == ["unknown-tool", "unsupported-field"]
    assert faults(f"{text}reconciler: {{environments: {{production: false}}}}\n", there) == []


def test_manifests_are_sorted_by_address_whatever_their_order() -> None:
    three = [*manifests(MODEL, "c"), *manifests(MODEL, "a"), *manifests(MODEL, "b")]

    assert {tuple(one.address.key for one in parse(order, ALONE).desired) for order in permutations(three)} == {
        ("a", "b", "c")
    }


@pytest.mark.parametrize("text", ["", "~", "[]", "text", "3", "[{model: gpt-4o}]"])
def test_a_manifest_is_a_mapping(text: str) -> None:
    assert faults(text) == ["1:1 wrong-type"]


def test_an_empty_manifest_is_said_to_be_empty() -> None:
    (fault,) = parse(manifests(""), ALONE).faults

    assert fault.message == "This manifest is empty."


BLOCKS: dict[str, list[str]] = {
    "[]": ["1:13 wrong-type"],
    "text": ["1:13 wrong-type"],
    "false": ["1:13 wrong-type"],
    "{keyy: x}": ["1:14 unknown-field"],
    "{key: UPPER}": ["1:19 bad-key"],
    '{key: "a\\n"}': ["1:19 bad-key"],
    "{key: ''}": ["1:19 bad-key"],
    "{key: -a}": ["1:19 bad-key"],
    "{key: a/b}": ["1:19 bad-key"],
    "{key: ключ}": ["1:19 bad-key"],
    f"{{key: {'x' * 65}}}": ["1:19 bad-key"],
    "{key: 1}": ["1:19 wrong-type"],
    "{key: no}": ["1:19 wrong-type"],
    "{key: [a]}": ["1:19 wrong-type"],
    "{id: asst_1}": ["1:18 unknown-environment"],
    "{id: ''}": ["1:18 too-small"],
    "{id: 1}": ["1:18 wrong-type"],
    "{id: [asst_1]}": ["1:18 wrong-type"],
    "{id: {prodution: asst_1}}": ["1:19 unknown-environment"],
    "{id: {production: 1}}": ["1:31 wrong-type"],
    "{id: {production: ''}}": ["1:31 too-small"],
    "{was: x}": ["1:19 wrong-type"],
    "{was: [1]}": ["1:20 wrong-type"],
    "{was: [a, X Y]}": ["1:23 bad-key"],
    "{was: [bot]}": ["1:20 was-in-use"],
    "{was: [x, y, x]}": ["1:26 was-in-use"],
    "{on_removal: keeep}": ["1:26 unknown-value"],
    "{on_removal: no}": ["1:26 unknown-value"],
    "{on_removal: [keep]}": ["1:26 unknown-value"],
    "{ignore_changes: name}": ["1:30 wrong-type"],
    "{ignore_changes: [1]}": ["1:31 wrong-type"],
    "{ignore_changes: [temprature]}": ["1:31 bad-path"],
    "{ignore_changes: [name, a..b]}": ["1:37 bad-path"],
    "{ignore_changes: ['']}": ["1:31 bad-path"],
    "{ignore_changes: ['tools[0]']}": ["1:31 bad-path"],
    "{ignore_changes: ['[\"\"]']}": ["1:31 bad-path"],
    "{ignore_changes: [reconciler]}": ["1:31 bad-path"],
    "{ignore_changes: [metadata.reconciler]}": ["1:31 bad-path"],
    "{ignore_changes: ['metadata[\"reconciler\"].x']}": ["1:31 bad-path"],
    "{former_ids: asst_0}": ["1:26 wrong-type"],
    "{former_ids: [a, '']}": ["1:30 too-small"],
    "{former_ids: {prodution: a}}": ["1:27 unknown-environment"],
    "{former_ids: {production: '', staging: [a, '']}}": ["1:39 too-small", "1:56 too-small"],
    "{former_ids: {production: {a: b}}}": ["1:39 wrong-type"],
    "{former_ids: {production: [1]}}": ["1:40 wrong-type"],
    "{unresolved: file_search}": ["1:26 wrong-type"],
    "{unresolved: [file_search, temperature]}": ["1:27 unresolved-field", "1:40 unresolved-field"],
    "{unresolved: [a], environments: {production: {unresolved: [b]}}}": ["1:72 unresolved-field"],
    "{unresolved: [a], environments: {production: {unresolved: []}}}": [],
    "{unresolved: [a], environments: {production: {unresolved: null}}}": [],
    "{environments: {staging: {unresolved: [a]}}}": [],
    "{unresolved: [a], environments: {production: false}}": [],
    "{environments: {production: {unresolved: {a: b}}}}": ["1:54 wrong-type"],
    "{environments: []}": ["1:28 wrong-type"],
    "{environments: {prodution: {}}}": ["1:29 unknown-environment"],
    "{environments: {prodution: 3}}": ["1:29 unknown-environment", "1:40 wrong-type"],
    "{environments: {production: [1]}}": ["1:41 wrong-type"],
    "{environments: {production: true}}": ["1:41 wrong-type"],
    "{environments: {production: null}}": ["1:41 wrong-type"],
    "{environments: {production: {modle: x}}}": ["1:42 unknown-field"],
    "{environments: {production: {model: null}}}": ["1:1 missing-field"],
    "{environments: {production: {key: x}}}": ["1:42 unknown-field"],
    "{environments: {production: {reconciler: {key: x}}}}": ["1:42 unknown-field"],
    "{environments: {production: {on_removal: x}}}": ["1:54 unknown-value"],
    "{environments: {production: {ignore_changes: {a: b}}}}": ["1:58 wrong-type"],
    "{environments: {production: {ignore_changes: [name, nope]}}}": ["1:65 bad-path"],
    "{key: 1, id: 2, was: 3, on_removal: 4, x: 5}": [
        "1:19 wrong-type",
        "1:26 wrong-type",
        "1:34 wrong-type",
        "1:49 unknown-value",
        "1:52 unknown-field",
    ],
}


@pytest.mark.parametrize(("block", "found"), BLOCKS.items())
def test_every_fault_of_the_block_is_told_once_and_where(block: str, found: list[str]) -> None:
    assert faults(own(block)) == found


@pytest.mark.parametrize(
    ("block", "remedy"),
    [
        ("{keyy: x}", "did you mean `key`?"),
        ("{on_removal: keeep}", "did you mean `keep`?"),
        ("{id: asst_1}", "write `id: {production: asst_1}`"),
        ("{id: {produktion: x}}", "did you mean `production`?"),
        ("{environments: {stagin: {}}}", "did you mean `staging`?"),
        ("{ignore_changes: [temprature]}", "did you mean `temperature`?"),
        ("{ignore_changes: [a b]}", 'write `field.member["odd name"]`'),
        ("{ignore_changes: [metadata.reconciler]}", "leave it out"),
        ("{key: X}", "choose another"),
        ("{unresolved: [temperature]}", "settle it, then take the word out of `unresolved`"),
        ("{environments: {production: {model: {value: handbok}}}}", "did you mean `handbook`?"),
    ],
)
def test_a_fault_of_the_block_has_its_remedy(block: str, remedy: str) -> None:
    assert [fault.remedy for fault in parse(manifests(own(block)), PRODUCTION).faults] == [remedy]


@pytest.mark.parametrize("stem", ["Bot", "bot bot", "bot\n", "", "-bot", "x" * 65, "böt"])
def test_a_file_whose_name_is_no_key_is_told(stem: str) -> None:
    (fault,) = parse(manifests(MODEL, stem), PRODUCTION).faults

    assert (fault.code, fault.place.line) == ("bad-key", 1)
    assert "rename the file" in fault.remedy


def test_a_file_whose_name_is_no_key_may_hold_a_key() -> None:
    assert desired(own("{key: bot}"), stem="My Bot").address.key == "bot"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("model: a\n---\nmodel: b\n", ["1:1 key-missing", "3:1 key-missing"]),
        ("reconciler: {key: x}\nmodel: a\n---\nmodel: b\n", ["4:1 key-missing"]),
        ("reconciler: {key: x}\nmodel: a\n---\nreconciler: {key: x}\nmodel: b\n", ["4:19 duplicate-address"]),
        (
            "reconciler: {key: 1}\nmodel: a\n---\nreconciler: {key: 2}\nmodel: b\n",
            ["1:19 wrong-type", "4:19 wrong-type"],
        ),
        ("reconciler: 3\nmodel: a\n---\nreconciler: {key: x}\nmodel: b\n", ["1:13 wrong-type"]),
        ("reconciler: {key: }\nmodel: a\n---\nreconciler: {key: x}\nmodel: b\n", ["1:1 key-missing"]),
        ("reconciler: {}\nmodel: a\n---\nreconciler: \nmodel: b\n", ["1:1 key-missing", "4:1 key-missing"]),
    ],
)
def test_each_of_several_documents_says_what_it_is_called(text: str, found: list[str]) -> None:
    assert faults(text) == found
    assert faults(text, stem="bot") == found


def test_a_name_that_no_key_could_be_is_no_fault_of_documents_with_keys() -> None:
    text = "reconciler: {key: x}\nmodel: a\n---\nreconciler: {key: y}\nmodel: b\n"

    assert [one.address.key for one in parse(manifests(text, "All Bots"), PRODUCTION).desired] == ["x", "y"]


def between(one: str, other: str, setting: ManifestContext = PRODUCTION) -> list[str]:
    """The faults of two manifests, `a` and `b`, with these blocks."""
    return told(parse([*manifests(own(one), "a"), *manifests(own(other), "b")], setting))


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("{}", "{key: a}", ["b.yaml:1:19 duplicate-address"]),
        ("{key: x}", "{key: x}", ["b.yaml:1:19 duplicate-address"]),
        ("{key: 1}", "{key: a}", ["a.yaml:1:19 wrong-type"]),
        ("{}", "{was: [a]}", ["b.yaml:1:20 was-in-use"]),
        ("{was: [x, b]}", "{}", ["a.yaml:1:23 was-in-use"]),
        ("{was: [x]}", "{was: [y, x]}", ["b.yaml:1:23 was-in-use"]),
        ("{was: [x]}", "{key: y}", []),
        ("{id: {production: i}}", "{id: {production: i}}", ["b.yaml:1:31 duplicate-id"]),
        ("{id: {production: i}}", "{id: {staging: i}}", []),
        ("{id: {production: i}}", "{id: {production: j}}", []),
        (
            "{id: {'': ''}}",
            "{id: {'': ''}}",
            [
                "a.yaml:1:19 unknown-environment",
                "a.yaml:1:23 too-small",
                "b.yaml:1:19 unknown-environment",
                "b.yaml:1:23 duplicate-id",
                "b.yaml:1:23 too-small",
            ],
        ),
    ],
)
def test_two_manifests_cannot_have_one_thing(one: str, other: str, found: list[str]) -> None:
    assert between(one, other) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [("{id: i}", "{id: i}"), ("{id: i}", "{id: {production: i}}"), ("{id: {production: i}}", "{id: i}")],
)
def test_one_live_object_has_one_manifest_however_it_is_named(one: str, other: str) -> None:
    (fault,) = between(one, other, ONE)

    assert fault.endswith("duplicate-id")


def test_a_fault_between_two_names_the_place_of_the_other() -> None:
    parsed = parse([*manifests(own("{id: {production: i}}"), "a"), *manifests(own("{id: {production: i}}"), "b")], ONE)

    assert [fault.message for fault in parsed.faults] == ["i is also named in a.yaml:1:31."]


PATCHED: dict[str, tuple[str, str, dict[str, Json]]] = {
    "a field": ("name: a\n", "{name: b}", {"name": "b"}),
    "a field taken away": ("name: a\n", "{name: null}", {"name": None}),
    "a field that was not there": ("", "{name: b}", {"name": "b"}),
    "a field left alone": ("name: a\n", "{}", {"name": "a"}),
    "members": ("metadata: {a: x, b: y}\n", "{metadata: {a: null, c: z}}", {"metadata": {"b": "y", "c": "z"}}),
    "members of nothing": ("", "{metadata: {a: null, c: z}}", {"metadata": {"c": "z"}}),
    "a list, whole": (
        "tools: [{type: file_search}]\n",
        "{tools: [{type: code_interpreter}]}",
        {"tools": {"code_interpreter": {}}},
    ),
    "a mapping in place of a text": (
        "response_format: auto\n",
        "{response_format: {type: text}}",
        {"response_format": {"type": "text"}},
    ),
    "a text in place of a mapping": (
        "response_format: {type: text}\n",
        "{response_format: auto}",
        {"response_format": "auto"},
    ),
    "a value": ("name: {value: nope}\n", "{name: {value: handbook}}", {"name": "vs_1"}),
    "a value that is no longer wanted": ("name: {value: nope}\n", "{name: null}", {"name": None}),
    "a file": ("instructions: {file: a.md}\n", "{instructions: {file: b.md}}", {"instructions": "of b"}),
}


@pytest.mark.parametrize(("fields", "patch", "after"), PATCHED.values(), ids=PATCHED)
def test_an_environment_patches_the_fields(fields: str, patch: str, after: dict[str, Json]) -> None:
    text = f"{own(f'{{environments: {{production: {patch}}}}}')}{fields}"
    parsed = parse(manifests(text, attachments={"a.md": "of a", "b.md": "of b"}), PRODUCTION)

    assert parsed.faults == ()
    assert {field: parsed.desired[0].fields[field] for field in after} == after


@pytest.mark.parametrize(
    ("patch", "ignore", "on_removal"),
    [
        ("{}", (("name",),), "keep"),
        ("{ignore_changes: [model]}", (("model",),), "keep"),
        ("{ignore_changes: []}", (), "keep"),
        ("{ignore_changes: null}", (), "keep"),
        ("{on_removal: refuse}", (("name",),), "refuse"),
        ("{on_removal: null}", (("name",),), "delete"),
    ],
)
def test_an_environment_patches_what_is_ignored_and_what_removal_means(
    patch: str, ignore: tuple[Path, ...], on_removal: str
) -> None:
    found = desired(own(f"{{ignore_changes: [name], on_removal: keep, environments: {{production: {patch}}}}}"))

    assert (found.ignore, found.on_removal) == (ignore, on_removal)


def test_a_patch_of_another_environment_changes_nothing_here() -> None:
    text = own("{environments: {production: {model: o3}, staging: {model: {value: nope}, on_removal: x}}}")

    assert desired(text, LOCAL).fields["model"] == "gpt-4o"
    assert faults(text, STAGING) == ["1:79 unknown-value", "1:98 unknown-value"]


def test_where_a_patch_is_false_the_assistant_does_not_exist() -> None:
    text = own("{environments: {staging: false}}")

    assert parse(manifests(text), STAGING) == ParsedManifests((), ())
    assert len(parse(manifests(text), LOCAL).desired) == 1


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ("model: {value: nope}", []),
        ("name: without a model", []),
        ("tools: [{type: file_search}]\ntool_resources: {code_interpreter: {file_ids: [a]}}", []),
        ("model: m\nname: {file: 1}", ["3:7 bad-reference"]),
        ("model: m\ntemperature: 3", ["3:14 too-large"]),
        ("model: m\nnmae: x", ["3:1 unknown-field"]),
    ],
)
def test_where_it_does_not_exist_only_what_is_wrong_anywhere_is_told(fields: str, found: list[str]) -> None:
    assert faults(f"reconciler: {{environments: {{staging: false}}}}\n{fields}", STAGING) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("model: {file: gone.md}", []),
        (own("{environments: {production: {model: {file: gone.md}}}}"), []),
        ("model: {value: nope}\ntemperature: 3", ["1:16 unknown-value", "2:14 too-large"]),
        (f"{MODEL}tools: {{file: gone.yaml}}\ntool_resources: {{file_search: {{vector_store_ids: [a]}}}}", []),
        (f"{MODEL}instructions: {{file: gone.md}}\nresponse_format: {{type: json_object}}", []),
        (f"{MODEL}instructions: {{file: gone.md}}\nresponse_format: {{}}", ["3:18 missing-field"]),
        (f"{MODEL}tools: [{{type: function, function: {{file: gone.yaml}}}}, {{type: 3}}]", []),
    ],
)
def test_what_could_not_be_read_makes_no_other_fault(text: str, found: list[str]) -> None:
    assert faults(text) == found


HOSTILE: dict[str, list[str]] = {
    "model: no": ["1:8 wrong-type"],
    "model: 4": ["1:8 wrong-type"],
    "model: ''": ["1:8 missing-field"],
    "model:": ["1:7 missing-field"],
    "name: x": ["1:1 missing-field"],
    "model: [m]": ["1:8 wrong-type"],
    f"{MODEL}name: 1.5": ["2:7 wrong-type"],
    f"{MODEL}name: {'x' * 257}": ["2:7 too-large"],
    f"{MODEL}name: {{value: handbook, x: y}}": ["2:7 wrong-type"],
    f"{MODEL}temperature: yes": ["2:14 wrong-type"],
    f"{MODEL}temperature: '1'": ["2:14 wrong-type"],
    f"{MODEL}temperature: {'9' * 299}": ["2:14 too-large"],
    f"{MODEL}metadata: {{file: x}}": [],
    f"{MODEL}metadata: {{a: {{file: x}}}}": ["2:15 wrong-type"],
    f"{MODEL}metadata: {{a: no, reconciler: x, c: }}": [
        "2:15 wrong-type",
        "2:19 reserved-metadata",
        "2:37 wrong-type",
    ],
    f"{MODEL}tools: [{{type: 3}}]": ["2:16 wrong-type"],
    f"{MODEL}tools: [{{type: function, name: a, function: {{name: 'a b'}}}}]": ["2:26 unknown-field"],
    f"{MODEL}tools: [{{type: file_search, x: 1, file_search: {{x: 2}}}}]": ["2:29 unknown-field", "2:49 unknown-field"],
    f"{MODEL}tools: [{{type: file_serch}}]": ["2:16 warning unknown-tool"],
    f"{MODEL}tools:\n- type: function\n  function: {{type: function, function: {{name: a}}}}": ["4:13 nested-function"],
    f"{MODEL}response_format: [text]": ["2:18 wrong-type"],
    f"{MODEL}response_format: {{type: json_schema, json_schema: {{name: a, shema: {{}}}}}}": ["2:61 unknown-field"],
    f"{MODEL}response_format: {{word: 1, type: text}}": ["2:19 unknown-field"],
    f"{MODEL}⟨function⟩: 1": ["1:1 unknown-field"],
}


@pytest.mark.parametrize(("text", "found"), HOSTILE.items())
def test_odd_manifests_are_told_where_they_are_odd(text: str, found: list[str]) -> None:
    assert faults(text) == found


@pytest.mark.parametrize("levels", [1, 30, 58])
def test_parameters_may_nest_as_deep_as_a_file_may(levels: int) -> None:
    inner = "{properties: {a: " * (levels // 2) + "{}" + "}}" * (levels // 2)

    assert desired(f"{MODEL}tools: [{{type: function, function: {{name: a, parameters: {inner}}}}}]")


def test_faults_of_a_file_that_is_referred_to_stand_in_that_file() -> None:
    text = f"{MODEL}tools: [{{type: function, function: {{file: f.yaml}}}}]"
    parsed = parse(manifests(text, attachments={"f.yaml": "name: a b\nparameters:\n  type: objekt\n"}), PRODUCTION)

    assert told(parsed) == ["f.yaml:1:7 bad-name", "f.yaml:3:9 bad-schema"]


def test_what_the_environment_knows_of_its_server_is_heeded() -> None:
    terms = ServerTraits(tools={"assistant": frozenset({"function"})}, families={"my-deploy": "o3"})
    text = "model: my-deploy\ntemperature: 1\ntools: [{type: bing}]\n"

    assert faults(text, ManifestContext(terms=terms)) == ["2:14 warning model-family", "3:16 unknown-tool"]
    assert faults(text, ALONE) == ["3:16 warning unknown-tool"]


def test_what_the_server_of_the_environment_does_not_have_is_an_error_at_its_line() -> None:
    terms = ServerTraits(unsupported={"assistant": frozenset({"top_p", "name"})}, environment="staging")
    parsed = parse(manifests(f"{MODEL}top_p: 0.5\nname:\n"), ManifestContext(terms=terms))

    assert told(parsed) == ["2:1 unsupported-field"]
    assert [(fault.message, fault.remedy) for fault in parsed.faults] == [
        (
            "`top_p` is not supported by environment staging.",
            "leave it out there: `reconciler: {environments: {staging: {top_p: null}}}`",
        )
    ]


@pytest.mark.parametrize(
    ("block", "kinds", "codes"),
    [
        ("{kind: agent}", (), ["1:20 unsupported-kind"]),
        ("{kind: agent}", ("agent", "assistant"), ["1:20 unsupported-kind"]),
        ("{kind: agent}", ("assistant",), []),
        ("{kind: agent, environments: {staging: false}}", (), []),
        ("{kind: assistant}", (), []),
    ],
)
def test_a_kind_that_the_provider_has_not_is_an_error_unless_it_is_left_out_there(
    block: str, kinds: tuple[str, ...], codes: list[str]
) -> None:
    terms = ServerTraits(kinds=frozenset({"assistant"}))
    context = ManifestContext("staging", ("local", "staging"), terms=terms, kinds=kinds)
    parsed = parse(manifests(f"reconciler: {block}\nmodel: gpt-5.4\n"), context)

    assert told(parsed) == codes
    if codes:
        assert (parsed.faults[0].message, parsed.faults[0].remedy) == (
            "Agents are not supported by environment staging.",
            "write `kinds: [assistant]` under that environment, or `reconciler: {environments: {staging: false}}` here",
        )


WORDS = st.sampled_from(
    [
        "reconciler",
        "key",
        "id",
        "was",
        "environments",
        "production",
        "ignore_changes",
        "on_removal",
        "model",
        "name",
        "tools",
        "type",
        "function",
        "file",
        "files",
        "value",
        "metadata",
        "response_format",
        "json_schema",
        "x",
        "⟨text⟩",
        "\ud83d",
    ]
)
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.text(max_size=4) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


def as_node(value: Json) -> Node:
    """The nodes of a value, as if it stood in a file."""
    place = Location("odd.yaml", 1, 1)
    match value:
        case dict():
            return Node({key: as_node(member) for key, member in value.items()}, place, dict.fromkeys(value, place))
        case list():
            return Node(tuple(map(as_node, value)), place)
        case _:
            return Node(value, place)


@given(st.lists(ODD, min_size=1, max_size=3), st.booleans())
def test_no_manifest_is_too_odd_to_be_judged(values: list[Json], alone: bool) -> None:
    documents = [Manifest("odd.yaml", "odd", as_node(value), alone) for value in values]

    assert told(parse(documents, PRODUCTION)) == told(parse(documents, PRODUCTION))
