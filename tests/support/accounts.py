"""Twenty accounts as people have them: made by hand in dashboards, over years, messy each in its own way.

What a server keeps of each is a list of bodies with their kinds, in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Bodies: TypeAlias = list[tuple[str, dict[str, Any]]]


def assistant(name: str | None = None, instructions: str | None = None, **fields: Any) -> tuple[str, dict[str, Any]]:
    body = {"model": "gpt-4.1", "name": name, "instructions": instructions, **fields}
    return "assistant", {field: value for field, value in body.items() if value is not None}


def agent(name: str | None = None, instructions: str | None = None, **fields: Any) -> tuple[str, dict[str, Any]]:
    body = {"model": "gpt-5.1", "name": name, "instructions": instructions, **fields}
    return "agent", {field: value for field, value in body.items() if value is not None}


def schema(*names: str, **more: Any) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": f"The {name} of it."} for name in names}
    return {"type": "object", "properties": properties, "required": list(names), **more}


def function(name: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
    """A function of an assistant."""
    return {"type": "function", "function": {"name": name, "parameters": parameters or schema("id"), **more}}


def flat(name: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
    """A function of an agent."""
    described = {"description": "", "parameters": parameters or schema("id"), **more}
    return {"type": "function", "name": name, **described}


LARGE = [f"field_{number}" for number in range(7)]
PROMPT = """# Role
You answer questions of employees about leave, pay and benefits.

## Rules
- Quote the handbook, with its section.
- Say "I do not know" rather than guess.
- Never tell one employee about another.

## Tone
Friendly, short, no jargon."""


def _people_team() -> Bodies:
    """Copies of copies under one name, and the prompt that all of them share."""
    return [
        assistant("HR Helper", PROMPT, tools=[{"type": "file_search"}], metadata={"team": "people"}),
        assistant("HR Helper", PROMPT),
        assistant("HR helper ", PROMPT + "\nAnswer in German.", temperature=0),
        assistant("HR Helper 2", "Try the new tone."),
        agent("HR Helper", PROMPT),
    ]


def _emoji_and_right_to_left() -> Bodies:
    hebrew = "\u05d0\u05ea\u05d4 \u05e2\u05d5\u05d6\u05e8 \u05dc\u05e2\u05d5\u05d1\u05d3\u05d9\u05dd."
    return [
        assistant("🤖", "Beep."),
        assistant("🤖🤖", f"{hebrew}\n\u202eabc\u202c and \u2066x\u2069\n" + f"{hebrew}\n" * 8),
        assistant("👩🏽\u200d💻 Dev Helper", "You help 👩🏽\u200d💻.\n\nAlways \U0001f1e9\U0001f1ea."),
        assistant("\u05e2\u05d5\u05d6\u05e8", hebrew, description="\u202eevil\u202c"),
        assistant("مساعد", "أنت مساعد.", metadata={"فريق": "👥", "e\u0301": "é"}),
        agent("Größenwahn Łódź №1", "Ünïcödé\u00a0\u2009spaces\u3000here"),
        agent("日本語アシスタント", "あなたは親切です。\n" * 9),
    ]


def _long_prompts() -> Bodies:
    knowledge = "".join(
        f"Q{number}: what of {number}?  \nA{number}:\tsee §{number} — “yes”.\n" for number in range(5_600)
    )
    return [
        assistant("Knows everything", knowledge[:250_000]),
        assistant("One line", "word " * 4_000 + "end"),
        assistant("No spaces", "x" * 100_000),
        agent("Knows even more", (knowledge * 2)[:400_000]),
    ]


def _toolbox() -> Bodies:
    """128 functions, some of them shared, some of one name and not the same."""
    shared = [function(f"tool_{number}", schema(*LARGE)) for number in range(126)]
    return [
        assistant("Toolbox", "Use them.", tools=[*shared, {"type": "code_interpreter"}, {"type": "file_search"}]),
        assistant("Toolbox (old)", "Use them.", tools=[*shared[:10], function("tool_99", schema(*LARGE, "more"))]),
        assistant("Small", tools=[function("Tool_99", schema(*LARGE, "x")), function("TOOL_99"), function("con")]),
        agent("Toolbox", "Use them.", tools=[flat(f"tool_{number}", schema(*LARGE)) for number in range(40)]),
        agent("Same", tools=[flat("tool_1", schema(*LARGE)), flat("tool_2", schema(*LARGE))]),
    ]


def _nameless() -> Bodies:
    return [
        *(assistant(name, f"Number {number}.") for number, name in enumerate([None, "", " ", "!!!", "日本", "\u200b"])),
        assistant(),
        agent(),
        agent("\u2764"),
    ]


def _from_windows() -> Bodies:
    return [
        assistant("CRLF", "Line one.\r\nLine two.  \r\n\r\n\tTabbed.\r\n" * 3),
        assistant("Old Mac", "one\rtwo\r"),
        assistant("Spaces", "  lead\n trail  \n\t\n   \nend\t "),
        assistant("Tabs", "\tlead\n\t\tmore\n" * 5, description="a\tb\r\nc"),
        assistant("BOM", "\ufeffYou are\ufeff a bot."),
        agent("CRLF", "Line one.\r\nLine two.\r\n" * 9, metadata={"note": "a\r\nb", "tab": "\t"}),
    ]


def _front_matter() -> Bodies:
    dashes = "---\nname: not mine\nmodel: x\n---\n\nBody"
    return [
        assistant("Dashes", dashes),
        assistant("Dashes inside", f"First.\n\n{dashes}\n---\n--- \n...\n" * 3),
        assistant("Only dashes", "---"),
        assistant("Blank lines first", "\n\n\nThen text."),
        assistant("Blank lines first, long", "\n\n" + PROMPT),
        assistant("Dots", "...\n%YAML 1.2\n---\nx"),
        agent("Dashes", f"\n{dashes}"),
        agent("Table", "| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n***\n```yaml\n---\nx: 1\n```\n"),
    ]


def _templates() -> Bodies:
    return [
        assistant("{{ name }}", "Hello {{ user.name }}, {% if x %}100 %{% endif %} ${HOME} $(rm -rf) %s %(x)d \\n \\"),
        assistant("{file: prompts/x.md}", "{file: prompts/x.md}"),
        assistant("{value: handbook}", "{value: handbook}", description="prompts/x.md "),
        assistant('"quoted"', "'single' \"double\" `back`\n# comment\n: colon\n- item\n? key", description="a: b # c"),
        assistant("& * ! | > @ %", "&anchor *alias !tag |\n>\n@at\n%percent\n[a, b]\n{c: d}", description="| a"),
        agent("<script>alert(1)</script>", "<b>&amp;</b>\n::error::no\n##[group]x\n##vso[task]y"),
        agent("$ref", "{'a': 1}", metadata={"{{ k }}": "{{ v }}", "%": "100 %"}),
    ]


def _words_of_yaml() -> Bodies:
    words = [
        "yes",
        "no",
        "null",
        "~",
        "1e3",
        "0x1F",
        "12:30",
        "2024-01-01",
        ".inf",
        "=",
        "<<",
        "- a",
        "true",
        "0o7",
        "1_0",
    ]
    pairs = {word: word for word in words}
    return [
        *(assistant(word, word, description=word, metadata={word: word}) for word in words),
        assistant(
            "on",
            "off",
            metadata=pairs,
            tools=[
                function(
                    "null",
                    {
                        "type": "object",
                        "properties": {word: {"enum": [word, None, True, 1, 1.5]} for word in words},
                    },
                )
            ],
        ),
        agent("No", "1e3", metadata=pairs),
    ]


def _odd_characters() -> Bodies:
    odd = "a\x00b\x07\x0b\x0c\x1b[2J\x1c\x1d\x1e\x1f\x7f\x85\u2028\u2029\u200b\ue000\U000e0041\ufffe\uffff\U0010ffff"
    return [
        assistant("Odd", odd),
        assistant("Odd, long", f"{odd}\n" * 9),
        assistant("Breaks", "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"),
        assistant(odd, "x", description=odd, metadata={odd: odd}),
        assistant("Odd function", tools=[function("f", schema(*LARGE, odd, description=odd))]),
        agent(f"x{odd}", f"\x85{odd}\u2028", tools=[flat("f", schema(odd, *LARGE), description=odd)]),
    ]


def _hardly_anything() -> Bodies:
    return [
        *(
            assistant(f"Blank {number}", text)
            for number, text in enumerate([" ", "\n \n", "\t", "\u3000", "\u2028", "\n"])
        ),
        assistant("Blank, long", " \n" * 300),
        assistant("Newlines behind", "text\n\n\n"),
        assistant("A line and a half", "x" * 500),
        assistant("Two", "a\nb"),
        agent("Blank", "   "),
        agent("Short", "."),
    ]


def _metadata() -> Bodies:
    full = {f"key {number}": "v" * 512 for number in range(15)}
    return [
        assistant("Full", metadata=full),
        assistant(
            "Odd keys",
            metadata={"a.b": "1", 'q"': "2", "k" * 64: "3", "[x]": "4", "a b": " ", "#": "#", "-": "-"},
        ),
        assistant("File", metadata={"file": "prompts/x.md"}),
        assistant("Value", metadata={"value": "handbook"}),
        assistant("Files", metadata={"files": "x"}, description="Files"),
        assistant("Empty value", metadata={"a": ""}),
        agent("Full", metadata=full),
        agent("Value", metadata={"value": "handbook"}),
    ]


def _schemas() -> Bodies:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(20):
        deep = {"type": "object", "properties": {"in": deep}}
    numbers = {"type": "number", "minimum": 1.0, "maximum": 1e300, "multipleOf": 1e-7, "default": 2**53 + 1}
    odd = {
        "type": "object",
        "properties": {
            "file": {"type": "string"},
            "value": {"type": "string"},
            "": {},
            "n": numbers,
            "nullable": {"const": None},
            "any": {"enum": [None, True, 1, "1", [], {}]},
            "never": False,
            "$ref": {"$ref": "#/$defs/x"},
            "é": {},
        },
        "$defs": {"x": {"default": {"value": "handbook"}, "examples": [{"file": "prompts/x.md"}, {"files": []}]}},
        "additionalProperties": False,
    }
    answer = {"type": "json_schema", "json_schema": {"name": "Answer", "schema": odd, "strict": False}}
    long = {"type": "json_schema", "json_schema": {"name": "Answer", "schema": schema(*LARGE)}}
    return [
        assistant(
            "Odd", tools=[function("odd", odd, description="x\ny"), function("deep", deep)], response_format=answer
        ),
        assistant("Small", tools=[function("value", schema("value")), function("file", {"file": "x"})]),
        assistant("Answers", response_format=long),
        assistant("Answers too", response_format=long),
        assistant("JSON", "Answer in JSON.", response_format={"type": "json_object"}),
        assistant("No parameters", tools=[{"type": "function", "function": {"name": "now"}}]),
        agent("Odd", tools=[flat("odd", odd), flat("deep", deep), flat("file", {"file": "x"}), flat("none", {})]),
        agent("Answers", text={"format": {"type": "json_schema", "schema": odd}, "verbosity": "low"}),
        agent("Answers", text={"format": {"type": "json_schema", "schema": schema(*LARGE)}}),
    ]


def _models() -> Bodies:
    return [
        assistant("Reasons", model="o3-mini", reasoning_effort="high"),
        assistant("Reasons by itself", model="o1"),
        assistant("Cold", temperature=0, top_p=0),
        assistant("Warm", temperature=1, top_p=1.0),
        assistant("Hot", temperature=2, top_p=0.1, response_format="auto"),
        assistant("Fine-tuned", model="ft:gpt-4o-2024-08-06:acme::9aB1cD2e", response_format={"type": "text"}),
        agent("Reasons", reasoning={"effort": "low", "summary": "auto"}, service_tier="flex"),
        agent("Plain"),
    ]


def _files() -> Bodies:
    ids = [f"file-{number:024d}" for number in range(20)]
    search = {"max_num_results": 5, "ranking_options": {"ranker": "auto", "score_threshold": 0.5}}
    tools: list[dict[str, Any]] = [{"type": "code_interpreter"}, {"type": "file_search", "file_search": search}]
    resources = {"code_interpreter": {"file_ids": ids}, "file_search": {"vector_store_ids": ["vs_handbook"]}}
    return [
        assistant("Handbook", "Search.", tools=tools, tool_resources=resources),
        assistant("Empty", tools=tools, tool_resources={"code_interpreter": {"file_ids": []}}),
        assistant("Bare", tools=[{"type": "file_search"}]),
    ]


def _servers() -> Bodies:
    http = {"type": "http", "server_url": "https://mcp.example.com/{x}?a=b#c", "headers": {"x-team": "a", "x-b": ""}}
    stdio = {"type": "stdio", "command": "npx", "cwd": ".", "args": ["-y", "no", "--", "1e3"], "env_vars": ["HOME"]}
    return [
        agent(
            "Servers",
            tools=[
                {
                    "type": "mcp",
                    "server_label": "crm",
                    "transport": http,
                    "allowed_tools": ["b", "a"],
                    "required": True,
                },
                {
                    "type": "mcp",
                    "server_label": "files",
                    "transport": stdio,
                    "request_metadata": {"a": {"b": [None, 1.0]}},
                },
                flat("crm", schema("id"), defer_loading=True),
                {"type": "tool_search"},
            ],
        ),
        agent(
            "Servers", tools=[{"type": "mcp", "server_label": "C R M", "transport": http, "credential_id": "cred_1"}]
        ),
    ]


def _everything_of_an_agent() -> Bodies:
    location = {"city": "Łódź", "country": "PL", "region": None, "timezone": "Europe/Warsaw"}
    return [
        agent(
            "Everything",
            PROMPT,
            tools=[
                {"type": "web_search", "allowed_domains": ["b.org", "a.org"], "location": location, "mode": "cached"},
                {"type": "computer_use", "include_screenshots": True},
                {"type": "automations"},
                {"type": "programmatic_tool_calling", "enabled": False},
                flat("later", **{"async": True}),
            ],
            multi_agent={"enabled": True, "max_concurrent_subagents": 3},
            compaction={"async": True},
            experimental={"time_awareness": True},
            service_tier="priority",
            reasoning={"summary": "concise"},
            text={"verbosity": "high"},
            metadata={"owner": "ops"},
        ),
        agent("Nothing", tools=[{"type": "web_search"}], multi_agent={"enabled": False}, reasoning={"effort": None}),
    ]


def _twins() -> Bodies:
    """Half across: each assistant has an agent of its name and prompt beside it."""
    names = ["Order Desk", "Night Bot", "Translator"]
    prompts = [f"# {name}\n{PROMPT}" for name in names]
    return [
        *(
            assistant(name, prompt, tools=[function("lookup", schema(*LARGE))])
            for name, prompt in zip(names, prompts, strict=True)
        ),
        *(
            agent(name, prompt, tools=[flat("lookup", schema(*LARGE))])
            for name, prompt in zip(names, prompts, strict=True)
        ),
    ]


def _many() -> Bodies:
    """Made by a loop, years ago."""
    return [
        assistant(f"Support Bot {number % 18}", PROMPT if number % 3 else f"{PROMPT}\nYour number is {number}.")
        for number in range(21)
    ]


def _names_of_files() -> Bodies:
    names = [
        "CON",
        "nul",
        "README",
        "readme.md",
        "prompts",
        "functions",
        "../../etc/passwd",
        "a/b",
        ".hidden",
        "x.live",
    ]
    more = [
        "HR.live.md",
        "reconciler",
        "reconciler.yaml",
        "index",
        "COM1",
        "con ",
        "~",
        "-",
        "--force",
        "x" * 256,
        "y" * 64,
    ]
    tools = [
        function(name, schema(*LARGE, name)) for name in ("CON", "nul", "README", "-", "Lookup", "lookup", "LOOKUP")
    ]
    return [
        *(assistant(name, f"# {name}\n{PROMPT}") for name in [*names, *more]),
        assistant("Functions", tools=tools),
        assistant("Functions too", tools=[function("lookup", schema("lookup", *LARGE)), *tools[:2]]),
        *(assistant(name, f"{PROMPT}\n{name}") for name in ("Bot", "BOT", "bot", "B.o.t", "Bot-2", "bot 2", "bot_2")),
        agent("CON", PROMPT, tools=[flat("nul", schema(*LARGE))]),
        agent("readme", PROMPT),
    ]


ACCOUNTS: dict[str, Callable[[], Bodies]] = {
    "people team": _people_team,
    "emoji and right-to-left": _emoji_and_right_to_left,
    "long prompts": _long_prompts,
    "toolbox": _toolbox,
    "nameless": _nameless,
    "from windows": _from_windows,
    "front matter": _front_matter,
    "templates": _templates,
    "words of yaml": _words_of_yaml,
    "odd characters": _odd_characters,
    "hardly anything": _hardly_anything,
    "metadata": _metadata,
    "schemas": _schemas,
    "models": _models,
    "files": _files,
    "servers": _servers,
    "everything of an agent": _everything_of_an_agent,
    "twins": _twins,
    "many": _many,
    "names of files": _names_of_files,
}
