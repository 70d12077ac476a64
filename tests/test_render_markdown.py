"""A plan for a pull request: what a reviewer sees, in what order, and how much of it there is room for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.diagnostics import Location
from reconciler.model import Address, Base, Change, Meaning, Objection, Origin, Plan
from reconciler.paths import read as path
from reconciler.render import FORMATS, Style, document
from reconciler.render.markdown import page
from reconciler.render.markup import LIMIT
from reconciler.render.view import view
from support.markdown_reading import acting, is_balanced
from support.render_plans import (
    address,
    adopt,
    create,
    delete,
    field,
    forget,
    lookalike,
    mark,
    merging,
    plan,
    rename,
    update,
)

BEFORE = "You help employees.\nAnswer from the handbook only.\nBe brief."
AFTER = "You help employees.\nAnswer from the wiki only.\nBe brief and kind."
PAGE = "https://github.com/acme/assistants/actions/runs/1"
FUNCTION = "tools.functions.refund"


def markdown(of: Plan) -> str:
    """The page, with every space as a plain one."""
    return FORMATS["markdown"](document(of), Style()).replace("\u00a0", " ")


def section(*changes: Change, **more: object) -> str:
    """The page from the first section on."""
    return markdown(plan(*changes, **more)).partition("<details")[2]


def rows(of: Plan) -> list[str]:
    return [line for line in markdown(of).split("\n") if line.startswith("| ") and line != "| Who | What |"]


def bounded(of: Plan, room: int, whole: str = "") -> str:
    shown = page(view(document(of)), room, whole)
    assert len(shown) <= room
    assert acting(shown, links=int(whole == PAGE)) == []
    return shown


def of(origin: Origin, change: Change) -> Change:
    fields = tuple(replace(one, origin=one.origin or origin) for one in change.fields)
    return replace(change, origin=origin, fields=fields)


# the page


def test_a_plan_reads_as_a_comment():
    whole = plan(
        create("new", field("name", after="New"), field("model", after="gpt-4o")),
        update("hr", field("temperature", 1, 0.2, "drift"), field("instructions", BEFORE, AFTER), hidden=9),
        adopt("tutor"),
        delete("gone", field("name", "Gone")),
        objections=(lookalike("new"),),
        marks=(mark("x"),),
        notes=("asst_7 is a copy of `assistant.hr`, and left alone.",),
        unchanged=14,
        unmanaged=3,
    )
    fingerprint = document(whole)["fingerprint"]

    assert (
        markdown(whole)
        == f"""\
### 1 blocked (possible-duplicate). Will apply: 1 deletion, 1 prompt changed, 1 other field changed, and more

**production** · stack `acme` · openai, `https://api.example.com/v1`, project proj_x

> [!CAUTION]
> **Blocked** (`possible-duplicate`) `assistant.new`: asst_9 has this name
>
> **What to do:** set `id: asst_9`
>
> **To allow it:** label `reconciler/allow:possible-duplicate`, or `--allow possible-duplicate`

| Who | What |
|---|---|
| `+ new` | **blocked** · **create**: `gpt-4o` |
| `− gone` | **delete** for good: `Gone` |
| `~ hr` | `temperature` `1` → `0.2` (drift), prompt: `handbook` → `wiki` and added `"and kind"` |
| `= tutor` | **adopt** |

<details><summary><code>+ assistant.new</code></summary>

`assistants/new.yaml:1` · will be created

**Blocked**: `possible-duplicate`

- `name`: **`New`**
- `model`: **`gpt-4o`**

</details>

<details><summary><code>− assistant.gone</code></summary>

`asst_gone` · will be destroyed

- `name`: ~~`Gone`~~

</details>

<details><summary><code>~ assistant.hr</code></summary>

`assistants/hr.yaml:1` · `asst_hr`<br>drift: changed outside Git; apply puts it back, pull takes it into Git<br>the rest: edited in Git

**Prompt** `instructions`: 10 words → 12 words (+2 words)

> Answer from the ~~handbook~~ **wiki** only.

> Be brief **and kind**.

<details><summary>Diff</summary>

```diff
  You help employees.
- Answer from the handbook only.
- Be brief.
+ Answer from the wiki only.
+ Be brief and kind.
```

</details>

- `temperature` (drift): ~~`1`~~ → **`0.2`**

9 unchanged fields hidden.

</details>

<details><summary><code>= assistant.tutor</code></summary>

`assistants/tutor.yaml:1` · `asst_tutor` · will be adopted

</details>

**Note:** asst_7 is a copy of `assistant.hr`, and left alone.

**Plan: 1 to import, 1 to add, 1 to change, 1 to destroy.**

<sub>14 unchanged, 3 unmanaged. 1 marker will be refreshed. Fingerprint `{fingerprint}`</sub>
"""  # noqa: E501  # one line of Markdown is one line
    )


def test_nothing_to_do_is_said_first():
    assert markdown(plan()).startswith("### No changes\n\n**production**")
    assert "\n\n**No changes. Your agents and assistants match the manifests.**\n" in markdown(plan())


def test_a_selection_says_that_it_is_one():
    assert "Only what was selected: the whole plan may hold more. 0 unchanged" in markdown(plan(selected=True))


def test_a_single_section_is_open():
    assert "<details open><summary><code>~ assistant.x</code>" in markdown(plan(update("x", field("top_p", 1, 0))))
    assert "<details open>" not in markdown(plan(forget("a"), forget("b")))


def test_addresses_of_several_kinds_are_told_whole():
    agent = replace(forget("b"), address=Address("agent", "b"))

    assert rows(plan(forget("a"), agent)) == [
        "| `. agent.b` | **forget**, do not delete |",
        "| `. assistant.a` | **forget**, do not delete |",
    ]


# in two halves


def test_beside_another_revision_there_are_two_halves_and_the_second_is_folded():
    mixed = update("hr", replace(field("model", "a", "b"), origin="change"), field("top_p", 1, 0, "drift"))
    edited = update("desk", field("name", "a", "b"))
    shown = markdown(plan(of("pending", mixed), of("pending", edited), base=Base("main", "1a2b3c")))
    first, second = shown.split("<details><summary><b>Also done by merging (2 changes)</b></summary>")

    assert "project proj_x · compared with `main (1a2b3c)`\n\n#### Merging does this\n\n| Who" in first
    assert "<details open><summary><code>~ assistant.hr</code>" in first
    assert "| `~ desk` | `name` `a` → `b` |" in second
    assert "edited in Git before this change, and not applied yet\n" in second
    assert "`assistants/hr.yaml:1` · `asst_hr`<br>drift: changed outside Git" in second
    assert acting(shown) == []


def test_what_is_pending_is_not_folded_where_the_change_does_nothing():
    shown = markdown(merging(rest=(of("pending", update("hr", field("name", "a", "b"))),)))

    assert "#### Merging does this\n\nNothing.\n\n#### Not done by merging\n\n| Who" in shown
    assert "<details open>" in shown


def test_what_speaks_against_what_is_pending_stands_with_it_and_blocks_nothing():
    shown = markdown(merging(create("new"), rest_objections=(lookalike("hr", remedy=""),)))

    assert "- Blocked (possible-duplicate): assistant.hr: asst_9 has this name" in shown.replace("\\", "")
    assert "<b>Not done by merging</b>" in shown
    assert "CAUTION" not in shown


def test_an_offline_review_says_so_and_why():
    shown = markdown(plan(base=Base("main", "1a2b3c"), offline="`production` requires a key."))

    assert (
        "> [!WARNING]\n> **Nothing live was read:** `production` requires a key. The plan is based on the manifests"
        " of `main (1a2b3c)`: changes made outside Git are not seen.\n" in shown
    )
    assert "**Nothing live was read:** no key.\n" in markdown(plan(offline="no key"))


# objections


def test_what_is_to_be_pasted_keeps_its_indentation():
    objection = replace(lookalike("x"), remedy="say so:\nreconciler:\n  id: asst_9", address=None)

    assert """\
> [!CAUTION]
> **Blocked** (`possible-duplicate`) asst_9 has this name. It blocks 1 change.
>
> **What to do:** say so:
>
> ```yaml
> reconciler:
>   id: asst_9
> ```
>
> **To allow it:** label `reconciler/allow:possible-duplicate`, or `--allow possible-duplicate`
""" in markdown(plan(objections=(objection,)))


def test_an_objection_that_was_allowed_says_by_what():
    shown = markdown(plan(objections=(lookalike("x", allowed=True),)))

    assert (
        "> [!NOTE]\n> **Allowed** (`possible-duplicate`) `assistant.x`: asst_9 has this name\n>\n> Allowed by" in shown
    )
    assert "What to do" not in shown


def test_an_objection_may_have_no_remedy():
    assert "has this name\n>\n> **To allow it:**" in markdown(plan(objections=(lookalike("x", remedy=""),)))


def test_objections_of_one_code_are_told_together_with_one_remedy_and_one_label():
    shown = markdown(plan(objections=tuple(lookalike(key) for key in "abcdefg")))

    assert shown.count("> [!CAUTION]") == shown.count("**What to do:**") == shown.count("reconciler/allow:") == 1
    assert shown.count("> **Blocked** (`possible-duplicate`)") == 5
    assert "<details><summary>2 more of these</summary>\n\n```text\nassistant.f: asst_9 has this name\n" in shown
    remedies = (
        lookalike("a"),
        lookalike("b", remedy="do other"),
        replace(lookalike("c"), origin="pending"),
    )
    assert markdown(plan(objections=remedies)).count("**What to do:**") == 3
    assert "It applies without this change too." in markdown(plan(objections=remedies))


def test_an_objection_says_what_else_it_holds_back():
    objection = replace(lookalike("a"), holds=frozenset({address("a"), address("b"), address("c")}))

    assert "has this name. It also blocks 2 changes.\n" in markdown(plan(objections=(objection,)))


# the table


@pytest.mark.parametrize(
    ("change", "row"),
    [
        (update("x", field("instructions", None, "a b")), "| `~ x` | prompt added |"),
        (update("x", field("instructions", "a b")), "| `~ x` | prompt removed |"),
        (
            update("x", field("response_format", "auto", {"type": "json_object"})),
            '| `~ x` | `response_format` `auto` → `{"type": "json_object"}` |',
        ),
        (update("x", field("metadata.a", "1", 1)), '| `~ x` | `metadata.a` `"1"` → `1` |'),
        (rename("x", "y", field("model", "a", "b")), "| `~ x` | **rename**: was `y`, `model` `a` → `b` |"),
        (adopt("x", field("model", "a", "b", "adoption")), "| `~ x` | **adopt**: `model` `a` → `b` |"),
        (update("x"), "| `~ x` | as it is |"),
        (create("x", field("instructions", after="a b c")), "| `+ x` | **create**: prompt of 3 words |"),
        (
            update("x", *(field(f"metadata.k{i}", after="v") for i in range(7))),
            f"| `~ x` | {''.join(f'`metadata.k{i}` added, ' for i in range(5))}and 2 more |",
        ),
        (
            update(
                "x", field(f"{FUNCTION}.parameters.required", [], ["a"]), field(f"{FUNCTION}.description", "a", "b")
            ),
            "| `~ x` | function `refund` |",
        ),
        (
            update("x", field("response_format.json_schema.schema.required", [], ["a"], "conflict")),
            "| `~ x` | the answer's schema (conflict) |",
        ),
        (delete("x" * 64), f"| `− {'x' * 64}` | **delete** for good |"),
    ],
)
def test_a_row_says_what_happens(change, row):
    assert rows(plan(change)) == [row]


def test_rows_after_the_first_are_folded():
    few, many = (plan(*(forget(f"a{i:02}") for i in range(number))) for number in (25, 26))

    assert "<details><summary>6 more</summary>\n\n| Who | What |\n|---|---|\n| `. a20` |" in markdown(many)
    assert "more</summary>" not in markdown(few)
    assert len(rows(many)) == 26


# sections


def test_a_short_text_is_told_on_one_line():
    assert "- `name`: ~~`a b`~~ → **`c d`**\n" in section(update("x", field("name", "a b", "c d")))
    assert "- `name` removed: ~~`a`~~\n" in section(update("x", field("name", "a")))
    assert "- `name` added: **`a`**\n" in section(update("x", field("name", after="a")))
    assert "- `x.y` added: **`null`**\n" in section(update("x", field("x.y")))


@pytest.mark.parametrize("text", ["1", "-2.5", "true", "null", "", " x"])
def test_a_text_that_could_be_taken_for_something_else_stays_in_quotes(text):
    assert f'**`"{text}"`**' in section(update("x", field("name", "a", text)))


def test_a_long_text_that_comes_or_goes_is_shown_up_to_a_limit():
    text = "\n".join(f"Line {i}." for i in range(50))
    lines = "\n".join(f"+ Line {i}." for i in range(40))

    assert f"**Prompt** `instructions`: 100 words\n\n```diff\n{lines}\n… 10 more lines\n```" in section(
        create("x", field("instructions", after=text))
    )
    assert "`description` removed: 100 words\n\n```diff\n- Line 0." in section(update("x", field("description", text)))


def test_an_edit_that_takes_more_than_a_few_words_is_left_to_the_diff():
    shown = section(update("x", field("instructions", "word " * 300, "term " * 300)))

    assert "\n> " not in shown
    assert "(same length)\n\n```diff\n- word word" in shown


def test_only_the_beginning_of_an_endless_text_is_looked_at():
    endless = "word " * 100_000

    assert "\n… only the first 300,000 characters are compared\n```" in section(
        update("x", field("instructions", endless, f"{endless}more"))
    )
    assert "\n… 492,000 more characters\n```" in section(update("x", field("instructions", endless)))


def test_a_long_diff_is_headed_by_where_it_is():
    before = "\n".join(f"line {i}" for i in range(1, 20))

    assert "```diff\n@@ line 7 @@\n  line 7\n" in section(
        update("x", field("instructions", before, before.replace("line 10\n", "line ten\n")))
    )


def test_a_structure_is_a_diff_of_its_lines():
    before, after = ({"a": {"b": "x" * 60, "c": side}} for side in ("y" * 30, "z" * 30))

    assert """\
`tool_resources`:

```diff
  {
    "a": {
""" in section(update("x", field("tool_resources", before, after)))


def test_a_prompt_stands_before_what_is_short_unless_the_assistant_comes_or_goes():
    prompt, name = field("instructions", after="a\nb"), field("name", after="N")

    assert section(update("x", name, prompt)).index("**Prompt**") < section(update("x", name, prompt)).index("`name`")
    assert section(create("x", name, prompt)).index("**Prompt**") > section(create("x", name, prompt)).index("`name`")


def test_a_function_is_told_by_its_name_and_its_schema_by_what_it_means():
    change = update(
        "x",
        field(f"{FUNCTION}.description", "Refunds", "Pays back"),
        field(f"{FUNCTION}.parameters.required", ["order"], ["order", "amount"]),
        field(
            f"{FUNCTION}.parameters.properties.note",
            after={"type": "string", "description": "A note that the customer reads"},
        ),
        field("tools.functions.ping", after={}),
        field("tools.functions.track", after={"description": "Where it is"}),
        field("tools.functions.old", {"description": "Old"}),
    )
    schema = path(f"{FUNCTION}.parameters")
    meanings = ((schema, Meaning("`amount` became required", True)), (schema, Meaning("`note` is new", False)))

    shown = section(replace(change, meanings=meanings)).partition("`asst_x`\n\n")[2]

    assert shown.startswith("""\
<b>Function `refund`</b>

- **breaking**: now requires `amount`
- compatible: `note` is new
- `description`: ~~`Refunds`~~ → **`Pays back`**

<details><summary>Schema as JSON</summary>

```diff
@@ required @@
- ["order"]
+ ["order", "amount"]
@@ properties.note @@
+ {
+   "description": "A note that the customer reads"
+   "type": "string"
+ }
```

</details>

<b>Function `ping` is new</b>

<b>Function `track` is new</b>

- `description`: **`Where it is`**

<b>Function `old` is removed</b>

- `description`: ~~`Old`~~
""")


def test_a_definition_that_is_no_structure_has_a_name_too():
    assert "- `definition`: ~~`1`~~ → **`2`**" in section(update("x", field(FUNCTION, 1, 2)))


def test_a_long_description_of_a_function_is_a_diff():
    shown = section(update("x", field(f"{FUNCTION}.description", BEFORE, AFTER)))

    assert "<b>Function `refund`</b>\n\n`description`: 10 words → 12 words (+2 words)\n" in shown


def test_the_schema_of_an_answer_is_told_like_that_of_a_function():
    schema = "response_format.json_schema.schema"
    change = update("x", field(f"{schema}.type", "object", "array"))
    shown = section(replace(change, meanings=((path(schema), Meaning("the answer changes", True)),)))

    assert "<b>The answer's schema</b>\n\n- **breaking**: the answer changes\n\n<details>" in shown
    assert '@@ type @@\n- "object"\n+ "array"\n' in shown


def test_a_meaning_of_nothing_that_is_shown_is_told_all_the_same():
    change = replace(update("x", field("name", "a", "b")), meanings=((path("other"), Meaning("it breaks", True)),))

    assert "- **breaking**: it breaks\n- `name`" in section(change)


def test_a_path_that_is_none_is_a_field_like_any_other():
    for odd in ("tools.functions", "tools.functionsx.y", "tools.functions[", "tools.functions.a b"):
        whole = document(plan(update("x", field("name", "a", "b"))))
        whole["changes"][0]["fields"][0]["path"] = odd  # type: ignore[index,call-overload]

        assert f"- `{odd}`: ~~`a`~~" in FORMATS["markdown"](whole, Style())


# what many share


def test_what_many_share_is_told_once_with_who_they_are():
    changes = [update(f"desk-{i:02}", field("instructions", BEFORE, AFTER)) for i in range(38)]
    shown = markdown(plan(*changes, update("hr", field("top_p", 1, 0))))

    assert "| **38 assistants**: `desk-00`, `desk-01`, `desk-02` and 35 more | prompt: `handbook` → `wiki` and" in shown
    assert ", the same in each |\n| `~ hr` |" in shown
    assert "<details><summary><b>The same in 38 assistants</b></summary>\n\n<details>" in shown
    assert shown.count("**Prompt**") == 1
    assert "```text\nassistant.desk-00  assistants/desk-00.yaml:1\nassistant.desk-01" in shown
    assert len(rows(plan(*changes))) == 1


def test_few_that_share_a_change_are_told_in_a_list():
    shown = markdown(plan(*(update(key, field("top_p", 1, 0)) for key in "abc")))

    assert "- `assistant.a` · `assistants/a.yaml:1`\n- `assistant.b`" in shown
    assert "- `assistant.c` · `assistants/c.yaml:1`\n\n- `top_p`" in shown


def test_what_several_kinds_share_is_told_of_objects():
    changes = [update(key, field("top_p", 1, 0)) for key in "abc"]
    changes[0] = replace(changes[0], address=Address("agent", "a"))

    assert "| **3 objects**: `agent.a`, `assistant.b`, `assistant.c` |" in markdown(plan(*changes))


def test_what_comes_and_goes_whole_in_a_group_that_has_no_cause_is_told_too():
    adopted = [adopt(key, field("top_p", 1, 0, "adoption")) for key in "abc"]

    assert "</b></summary>\n\n- `assistant.a`" in markdown(plan(*adopted))


# how much there is room for


def large(creates: int, edits: int = 0) -> Plan:
    before, after = (f"{side}\n" * 30 for side in (BEFORE, AFTER))
    created = (
        create(f"new-{i:05}", field("model", after="gpt-4o"), field("instructions", after=before))
        for i in range(creates)
    )
    edited = (update(f"edit-{i:05}", field("instructions", f"{before}{i}", f"{i}{after}")) for i in range(edits))
    return plan(*created, *edited)


@pytest.mark.no_cover
def test_a_page_never_exceeds_the_limit_of_a_comment():
    shown = markdown(large(900, 100))

    assert 0.9 * LIMIT < len(shown) <= LIMIT
    assert acting(shown) == []
    assert shown.startswith("### 900 new assistants, 100 prompts changed")


@pytest.mark.no_cover
@pytest.mark.parametrize("room", [2_000, 3_000, 5_000, 20_000])
def test_what_has_no_room_is_left_out_and_that_is_said(room):
    shown = bounded(large(300, 40), room, PAGE)
    left = f"[The whole is here](<{PAGE}>).\n\n**Plan: "

    assert shown.startswith("### 300 new assistants")
    assert "**Left out here:** " in shown
    assert left in shown
    assert "**Plan: 300 to add, 40 to change, 0 to destroy.**\n\n<sub>0 unchanged, 0 unmanaged. Fingerprint `" in shown
    assert rows_in(shown) >= 3


def rows_in(shown: str) -> int:
    return sum(line.startswith("| `") for line in shown.split("\n"))


def test_a_long_change_is_cut_between_its_lines():
    prompt = "\n".join(f"Line {i} of many." for i in range(3_000))
    shown = bounded(plan(update("x", field("instructions", prompt, prompt.replace("of", "out of")))), 4_000, "plan.md")

    assert " more lines\n```\n\n*The rest of this change is left out here.*\n\n</details>\n\n" in shown
    assert "**Left out here:** 1 change in full. The whole is here: `plan.md`.\n" in shown


def test_a_long_change_leaves_room_for_those_that_follow():
    prompt = "\n".join(f"Line {i} of many." for i in range(3_000))
    long = update("a", field("instructions", prompt, prompt.replace("of", "out of")))
    shown = bounded(plan(long, update("b", field("model", "a", "b")), update("c", field("top_p", 1, 0))), 8_000)

    assert "**Left out here:** 1 change in full.\n" in shown
    assert "- `top_p`: ~~" in shown


def test_a_section_of_which_too_little_fits_is_left_out():
    assert "*The rest" not in bounded(large(300), 2_000)


def test_objections_and_notes_leave_room_for_the_rest():
    objections = tuple(Objection(f"code-{i}", "no " * 50, "do " * 20, address("x")) for i in range(60))
    shown = bounded(plan(forget("a"), objections=objections, notes=("note " * 40,) * 90), 6_000)

    assert shown.count("> [!CAUTION]") >= 5
    assert "| `.\u00a0a` |" in shown
    assert "objections, " in shown
    assert " notes.\n" in shown


def test_what_is_pending_is_cut_like_the_rest():
    changes = [of("pending", one) for one in large(60).changes]
    mine = of("change", update("hr", field("name", "a", "b")))
    shown = bounded(merging(mine, rest=tuple(changes)), 5_000)

    assert "<b>Not done by merging (60 changes)</b>" in shown
    assert is_balanced(shown)
    assert "rows of the table" in shown


def test_a_half_without_room_is_counted_as_left_out():
    changes = [of("pending", one) for one in large(60).changes]
    mine = [of("change", one) for one in large(0, 60).changes]
    shown = bounded(merging(*mine, rest=tuple(changes)), 2_000)

    assert "<b>Not done by merging" not in shown
    assert "changes in full" in shown


def test_hostile_names_leave_room():
    where = replace(plan().where, environment="*" * 900, stack="|" * 900, base_url="<" * 900, project="@x " * 300)
    hostile = replace(plan(base=Base("`" * 900), offline="#1 " * 900, selected=True), where=where)

    bounded(hostile, 2_000, "|" * 900)


# what the documentation shows


def test_the_example_in_the_documentation_is_true():
    prompt, kinder = "Answer from the handbook only.\nBe brief.", "Answer from the handbook only.\nBe brief and kind."
    shown = markdown(plan(update("hr-helper", field("instructions", prompt, kinder), hidden=10), unchanged=14))

    assert f"\n````markdown\n{shown}````\n" in (Path(__file__).parents[1] / "docs/review.md").read_text()


def test_short_values_that_look_alike_are_told_apart_in_every_format():
    change = update("x", field("name", "e\u0301", "\u00e9"))

    assert "- `name`: ~~`e<U+0301>`~~ → **`<U+00E9>`**" in section(change)
    assert '"e<U+0301>" -> "<U+00E9>"' in FORMATS["text"](document(plan(change)), Style())
    assert "e&lt;U+0301&gt;" in FORMATS["html"](document(plan(change)), Style())


def test_an_edit_of_a_prompt_is_told_with_its_size_however_short():
    change = update("x", field("instructions", "Be brief.", "Be kind."))

    assert "2 words → 2 words (-1 character)" in section(change)
    assert "```diff\n- Be brief.\n+ Be kind.\n```" in section(change)
    assert "2 words → 2 words (-1 character)" in FORMATS["html"](document(plan(change)), Style())


def test_what_many_share_is_counted_in_plain_words_where_they_are_words():
    alike = [update(f"a{n}", field("model", "a", "b")) for n in range(4)]
    odd = [replace(one, address=replace(one.address, kind="@me")) for one in alike]

    assert "<b>The same in 4 assistants</b>" in FORMATS["markdown"](document(plan(*alike)), Style())
    assert "<b>The same in 4 objects</b>" in FORMATS["markdown"](document(plan(*odd)), Style())


def test_a_message_without_a_stop_gets_one_before_what_follows():
    against = Objection("x", "Too many", "", None, frozenset({address("a")}))

    assert "(`x`) Too many. It blocks 1 change." in FORMATS["markdown"](
        document(plan(delete("a"), objections=(against,))), Style()
    )


@pytest.mark.no_cover
@pytest.mark.parametrize("length", [299_999, 300_000, 300_001])
def test_of_a_text_longer_than_any_api_takes_the_beginning_is_compared_and_that_is_said(length):
    text = "a" * length
    of = document(plan(update("x", field("instructions", f"b{text[1:]}", text))))
    for shape in ("text", "markdown", "html", "github"):
        assert ("only the first 300,000 characters are compared" in FORMATS[shape](of, Style())) == (length > 300_000)


@pytest.mark.no_cover
def test_a_large_structure_is_compared_as_far_and_that_is_said():
    of = document(plan(update("x", field("tools.x", {"a": ["b"] * 40_000}, {"a": ["c", *["b"] * 40_000]}))))
    for shape in ("text", "html", "markdown", "github"):
        assert "only the first 300,000 characters are" in FORMATS[shape](of, Style())


# links, conflicts and reasons

FILES = "https://github.com/acme/assistants/blob/1a2b3c4/"


def test_manifests_are_links_to_the_reviewed_commit_where_its_address_is_known():
    changes = [update(key, field("top_p", 1, 0)) for key in ("a b", "b", "c")]
    shown = page(view(document(plan(*changes, forget("old")))), LIMIT, files=FILES)
    alone = page(view(document(plan(update("x", field("top_p", 1, 0))))), LIMIT, files="no address")

    assert f"- `assistant.a b` · [`assistants/a b.yaml:1`](<{FILES}assistants/a%20b.yaml#L1>)\n" in shown
    assert "`assistants/x.yaml:1`: `no addressassistants/x.yaml#L1` · `asst_x`" in alone
    assert acting(shown, links=3) == []


def test_the_files_of_a_prompt_are_links_beside_its_manifest():
    of = update("hr", field("instructions", "Be kind.", "Be brief."))
    assert of.desired is not None
    files = ("assistants/tone.md", "assistants/prompts/hr.md")
    markdown = Location("assistants/hr.md", 2, 1)
    of = replace(of, desired=replace(of.desired, place=markdown, files={"instructions": files}))
    shown = page(view(document(plan(of))), LIMIT, files=FILES)

    assert f"[`assistants/hr.md:2`](<{FILES}assistants/hr.md?plain=1#L2>)" in shown
    assert "".join(f" · [`{file}`](<{FILES}{file}>)" for file in files) + " · `asst_hr`" in shown
    assert "prompts/hr.md" not in page(view(document(plan(of))), LIMIT)


def test_a_sign_and_a_name_are_never_on_two_lines():
    assert "| `.\u00a0old` |" in FORMATS["markdown"](document(plan(forget("old"))), Style())


def test_some_who_share_a_change_are_listed_by_name():
    shown = markdown(plan(*(update(f"d{i}", field("top_p", 1, 0)) for i in range(8))))

    assert "\n\n`assistant.d0`, `assistant.d1`, " in shown


CONFLICT = replace(field("temperature", 0.3, 0.5, "conflict"), applied=1)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("text", "~ temperature  last applied 1, live 0.3 -> Git 0.5"),
        ("markdown", "- `temperature`: last applied `1`, live ~~`0.3`~~ → Git **`0.5`**"),
        ("html", ">last applied </span><span>1</span>"),
        ("github", "~ temperature  last applied 1, live 0.3 -> Git 0.5"),
    ],
)
def test_a_conflict_shows_what_was_applied_last_what_is_live_and_what_git_says(shape, words):
    assert words in FORMATS[shape](document(plan(update("hr", CONFLICT))), Style())


@pytest.mark.parametrize("shape", ["text", "markdown", "html"])
def test_of_a_long_text_in_conflict_both_edits_are_shown(shape):
    conflict = replace(field("instructions", AFTER, BEFORE, "conflict"), applied=BEFORE.replace("brief", "short"))
    shown = FORMATS[shape](document(plan(update("hr", conflict))), Style())

    assert "Changed outside Git since the last apply" in shown
    assert "short" in shown


@pytest.mark.parametrize("shape", ["text", "markdown", "html", "github"])
def test_a_field_that_is_reset_with_the_model_says_why(shape):
    reset = replace(field("temperature", 0.3, 1), reason="gpt-5.1 does not take it")
    shown = FORMATS[shape](
        document(plan(update("hr", field("model", "gpt-4.1", "gpt-5.1"), reset), forget("x"))), Style()
    )

    assert "reset: gpt-5.1 does not take it" in shown


def test_what_goes_for_good_is_named():
    tools = (field("tools.file_search", {}), field("tools.functions.lookup", {}), field("tools.functions.refund", {}))
    stores = field("tool_resources.file_search", {"vector_store_ids": ["vs_1"]})
    shown = rows(plan(delete("x", field("name", "HR"), field("instructions", "a b c"), *tools, stores)))

    what = "`HR`, prompt of 3 words, 2 functions, `file_search`, 1 vector store"
    assert shown == [f"| `− x` | **delete** for good: {what} |"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, "Be kind.", 'added `"Be kind."`'),
        ("Be kind.", None, 'removed `"Be kind."`'),
        (None, "Be kind. " * 9, "+18"),
    ],
)
def test_a_line_that_many_prompts_get_or_lose_is_named_in_the_table(before, after, words):
    edits = [
        update(
            f"a{i}",
            field(
                "instructions", *(f"You are {i}.\n{f'{side}{chr(10)}' if side else ''}Bye." for side in (before, after))
            ),
        )
        for i in range(3)
    ]

    assert words in rows(plan(*edits))[0]


@pytest.mark.parametrize("shape", ["text", "markdown", "html"])
def test_what_cannot_be_overridden_says_so(shape):
    never = replace(lookalike("x"), code="unreliable-list")

    assert "t cannot be overridden" in FORMATS[shape](document(plan(objections=(never,))), Style())
