"""A plan for a pull request, whole; and live text that must not act in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from render_plans import adopt, create, delete, field, looks_like, mark, plan, update

from reconciler.model import Plan
from reconciler.render import FORMATS, Style, document
from reconciler.render.markup import fence, prose, span, tag


def markdown(of: Plan) -> str:
    return FORMATS["markdown"](document(of), Style())


def test_a_plan_reads_as_a_comment():
    whole = plan(
        create("new", field("name", after="New")),
        update("hr", field("temperature", 1, 0.2, "drift"), field("instructions", "a b\nc", "a d\nc"), hidden=9),
        adopt("tutor"),
        delete("gone"),
        objections=(looks_like("new"),),
        marks=(mark("x"),),
        notes=("1 copy is left alone",),
        unchanged=14,
        unmanaged=3,
    )
    fingerprint = document(whole)["fingerprint"]

    assert (
        markdown(whole)
        == f"""\
### 1 objection. Plan: 1 to import, 1 to add, 1 to change, 1 to destroy. `production`

`production` (`openai, https://api.example.com/v1, project proj_x`), stack `acme`

> [!CAUTION]
> **Objection** `looks-like` `assistant.new`: asst_9 has this name<br>set &#96;id: asst_9&#96; (--allow looks-like lets it pass)

| | Action | Address | What |
|---|---|---|---|
| `+` | create | `assistant.new` | will be created (`assistants/new.yaml:1`); held back: `looks-like` |
| `~` | update | `assistant.hr` | drift: `temperature`; edit: `instructions` |
| `=` | adopt | `assistant.tutor` | will be adopted (`asst_tutor`, `assistants/tutor.yaml:1`) |
| `-` | delete | `assistant.gone` | will be destroyed (`asst_gone`) |

<details><summary><code>assistant.new</code> <code>assistants/new.yaml:1</code> <code>will be created</code></summary>

| | Field | Value | Cause |
|---|---|---|---|
| `+` | `name` | `"New"` | edit |

</details>

<details><summary><code>assistant.hr</code> <code>asst_hr</code> <code>assistants/hr.yaml:1</code> <code>will be updated in-place</code></summary>

| | Field | Value | Cause |
|---|---|---|---|
| `~` | `temperature` | `1 -> 0.2` | drift |

`instructions` (edit)

```diff
- a [-b-]
+ a {{+d+}}
  c
```

9 unchanged fields hidden.

</details>

**Note:** 1 copy is left alone

14 unchanged, 3 unmanaged. 1 marker will be refreshed. Fingerprint `{fingerprint}`.
"""  # noqa: E501  # one line of Markdown is one line
    )


def test_nothing_to_do_is_said_first():
    assert markdown(plan()).startswith("### No changes. Your assistants match the manifests. `production`\n")


def test_a_selection_says_that_it_is_one():
    assert "Only what was selected: the whole plan may hold more. 0 unchanged" in markdown(plan(selected=True))


def test_what_is_to_be_pasted_keeps_its_indentation():
    objection = replace(looks_like("x", allowed=True), remedy="say so:\nreconciler:\n  id: asst_9", address=None)

    assert """\
> [!NOTE]
> **Allowed** `looks-like`: asst_9 has this name<br>say so:
>
> ```yaml
> reconciler:
>   id: asst_9
> ```
>
> (allowed by --allow looks-like)
""" in markdown(plan(objections=(objection,)))


def test_an_objection_may_have_no_remedy():
    assert "has this name (--allow" in markdown(plan(objections=(looks_like("x", remedy=""),)))


def test_a_long_diff_is_headed_by_where_it_is():
    before = "\n".join(f"line {i}" for i in range(1, 20))

    assert "```diff\n@@ -7,7 +7,7 @@\n  line 7\n" in markdown(
        plan(update("x", field("instructions", before, before.replace("line 10\n", "line ten\n"))))
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("assistant.x", "`assistant.x`"),
        ("<b>@me #1", "`<b>@me #1`"),
        ("a`b", "<code>a&#96;b</code>"),
        ("a|b", "<code>a&#124;b</code>"),
        ("a\\|b", "<code>a&#92;&#124;b</code>"),
        ("a\nb", "<code>a&#92;nb</code>"),
        ("", "<code></code>"),
        (" ", "<code> </code>"),
    ],
)
def test_code_within_a_line_cannot_be_left(text, shown):
    assert span(text) == shown


def test_code_within_html_cannot_be_left():
    assert tag("</code></details>\n&") == "<code>&lt;/code&gt;&lt;/details&gt;\\n&amp;</code>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Plain, isn't it? (yes) asst_1", "Plain, isn't it? (yes) asst_1"),
        ("@me #1 GH-1", "&#64;&#8203;me &#35;&#8203;1 GH&#45;&#8203;1"),
        ("<b>*x* _y_ [z](w)", "&#60;b&#62;&#42;x&#42; &#95;y&#95; &#91;z&#93;(w)"),
        ("https://x.y www.x.y", "https&#58;//x.y www&#46;x.y"),
        ("a|b\nc", "a&#124;b<br>c"),
    ],
)
def test_prose_does_not_act(text, shown):
    assert prose(text) == shown


def test_a_fence_is_longer_than_any_within():
    assert fence("diff", ["a", "````", "`b`"]) == ["`````diff", "a", "````", "`b`", "`````"]
