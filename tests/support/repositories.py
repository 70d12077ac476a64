"""Ten small repositories as teams have them, of different tastes: nothing in them is wrong, and no rule may say so."""

from __future__ import annotations

from typing import Final

Files = dict[str, str]

SUPPORT_DESK: Final[Files] = {
    "reconciler.yaml": """\
version: 1
stack: support
environments:
  local:
    values: {handbook: vs_local}
  production:
    provider: openai
    base_url: https://assistants.acme.test/v1
    api_key: {env: ACME_KEY}
    values: {handbook: vs_6f1c0b7ad2}
""",
    "assistants/first-line.yaml": """\
# The desk that answers first. Ask #support before you change it.
name: First line
model: gpt-5.5
instructions: {files: [prompts/tone.md, prompts/first-line.md]}
tools:
  - type: file_search
  - type: function
    function: {file: functions/open_ticket.json}
tool_resources:
  file_search: {vector_store_ids: [{value: handbook}]}
metadata: {team: support, tier: "1"}
""",
    "assistants/prompts/tone.md": "Tone\n=======\n\nBe brief. Never promise a refund.\n",
    "assistants/prompts/first-line.md": """\
First line
==========

1. Ask for the order number, never for a password: if someone sends `password: hunter2`, say that they should change it.
2. A token such as `sk-...` or `ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` in a ticket is removed before you quote it.
3. The reset link looks like https://acme.test/reset?token=YOUR_TOKEN_FROM_THE_MAIL.
""",
    "assistants/functions/open_ticket.json": """\
{
  "name": "open_ticket",
  "description": "Opens a ticket once the customer has said what is wrong.",
  "parameters": {
    "type": "object",
    "properties": {"order": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{8}$"}, "urgent": {"type": "boolean"}},
    "required": ["order"]
  }
}
""",
}

LEGAL: Final[Files] = {
    "reconciler.yaml": """\
version: 1
stack: legal
environments:
  production: {provider: openai, base_url: 'https://llm.lex.test/v1', api_key: {env: LEX_KEY}}
rules:
  metadata: [owner]
  forbidden: [legal advice, guarantee]
""",
    "assistants/nda-review.yaml": """\
name: NDA review
model: lex-large
temperature: 0
metadata: {owner: legal-ops, reviewed: "2026-10-01"}
instructions: |
  You compare an NDA with our playbook. What you say is advisory, and no advice of a lawyer.

  >>> Quote clauses like this.
  <<< Answer like this.
  =======
  Guarantees of third parties are listed, with their clause.
""",
    "assistants/clauses.yaml": """\
name: Clauses
model: lex-large
metadata: {owner: legal-ops}
tools: [{type: file_search}]
reconciler:
  ignore_changes: [tool_resources]   # the archive attaches its own store
""",
}

PORTUGUESE: Final[Files] = {
    "reconciler.yaml": "version: 1\nstack: rh\nenvironments:\n  local: {}\n",
    "assistants/férias/ferias.yaml": """\
name: Férias
model: gpt-5.5
description: Responde a perguntas sobre férias e feriados.
instructions: {file: ../prompts/férias.md}
""",
    "assistants/prompts/férias.md": """\
# Férias

A senha nunca é pedida. Se alguém escrever `senha: Verão2026`, responda que a troque em https://rh.example/senha.

Saudações:
---------
- «Olá! Em que posso ajudar?»
""",
}

JSON_MODE: Final[Files] = {
    "reconciler.yaml": (
        "version: 1\nstack: etl\nenvironments:\n  prod: {provider: openai, base_url: 'https://g.etl.test/v1'}\n"
    ),
    "assistants/triage.yaml": """\
name: Triage
model: mistral-large-2411
temperature: 0.1
top_p: 1
response_format: {type: json_object}
instructions: |-
  Answer with one JSON object: {"queue": "billing" | "tech", "secret": false, "key": "order.number.of.the.customer"}.
  Never copy the header `Authorization: Bearer <token>`.
tools: []
""",
}

STRICT: Final[Files] = {
    "reconciler.yaml": "version: 1\nstack: invoices\nenvironments:\n  local: {}\n",
    "assistants/extractor.yaml": """\
name: Extractor
model: gpt-5.5
response_format:
  type: json_schema
  json_schema:
    name: invoice
    strict: true
    schema: {file: schemas/invoice.json}
""",
    "assistants/schemas/invoice.json": """\
{
  "type": "object",
  "additionalProperties": false,
  "required": ["number", "lines", "due", "pattern"],
  "properties": {
    "number": {"type": "string", "description": "As printed.", "pattern": "^[0-9-]+$"},
    "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
    "pattern": {"type": "string", "enum": ["allOf", "oneOf", "not"]},
    "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}}
  },
  "$defs": {
    "line": {
      "type": "object",
      "additionalProperties": false,
      "required": ["not", "amount"],
      "properties": {"not": {"type": "string"}, "amount": {"type": "number", "minimum": 0, "multipleOf": 0.01}}
    }
  }
}
""",
    "assistants/loose.yaml": """\
name: Loose
model: gpt-5.5
tools:
  - type: function
    function:
      name: book
      description: Books a room.
      parameters: {type: object, oneOf: [{required: [id]}, {required: [name]}], properties: {id: {type: string}}}
""",
}

SELF_HOSTED: Final[Files] = {
    "reconciler.yaml": """\
version: 1
stack: lab
environments:
  local: {}
  lab: {provider: openai, base_url: 'http://127.0.0.1:8000/v1', kinds: [assistant]}
""",
    "assistants/llama.yaml": "name: Llama\nmodel: llama3.1:8b\ntemperature: 0.7\n",
    "assistants/qwen.yaml": "name: Qwen\nmodel: Qwen/Qwen2.5-72B-Instruct\ntop_p: 0.8\n",
    "assistants/oss.yaml": "name: OSS\nmodel: openai/gpt-oss-120b\n",
    "assistants/gpt4all.yaml": "name: All\nmodel: gpt4\n",
    "assistants/tuned.yaml": "name: Tuned\nmodel: ft:gpt-5.5:acme:desk:AbCdEf12\n",
}

FOUNDRY: Final[Files] = {
    "reconciler.yaml": """\
version: 1
stack: bank
environments:
  local: {values: {store: vs_local}}
  azure:
    provider: foundry
    base_url: https://bank.services.ai.azure.test/api/projects/desk
    api_key: {command: [az, account, get-access-token]}
    values: {store: vs_bank}
    kinds: [assistant]
""",
    "assistants/teller.yaml": """\
name: Teller
model: gpt-41
instructions: Help with accounts. Never ask for a PIN, secret=or=not.
tools: [{type: file_search}, {type: code_interpreter}]
tool_resources:
  file_search: {vector_store_ids: [{value: store}]}
""",
    "assistants/gpt-35-turbo.yaml": "name: Old\nmodel: gpt-35-turbo\n",
}

AGENTS_WITH_MCP: Final[Files] = {
    "reconciler.yaml": """\
version: 1
stack: ops
environments:
  prod:
    provider: openai
    kinds: [agent]
    values: {pagerduty: cred_71ab}
""",
    "agents/on-call.yaml": """\
name: On call
model: gpt-5.5
instructions: |
  You help who is on call. The runbook names variables, never their values: `API_KEY=$PAGERDUTY_TOKEN`.
reasoning: {effort: high}
tools:
  - type: mcp
    server_label: pagerduty
    transport: {type: http, server_url: https://mcp.pagerduty.test/sse, headers: {X-Team: platform}}
    credential_id: {value: pagerduty}
    allowed_tools: [list_incidents]
  - type: web_search
  - type: function
    name: page_person
    description: Pages a person of the rota.
    parameters: {type: object, properties: {secret_santa: {type: string}}}
text: {format: {type: text}}
""",
}

MARKDOWN: Final[Files] = {
    "reconciler.yaml": "version: 1\nstack: docs\nenvironments:\n  local: {}\n",
    "assistants/editor.md": """\
---
name: Editor
model: gpt-5.5
metadata: {owner: docs, sha: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b}
---

Editor
=======

You edit pages. How a conflict looks that you resolve:

```
<<<<<<< HEAD
Hello
=======
Hi
>>>>>>> feature
```

Title
-------

<<<<<<< is typed by hand sometimes.
""",
}

DEVELOPERS: Final[Files] = {
    "reconciler.yaml": """\
version: 1
stack: dx
environments:
  staging: {provider: openai, base_url: 'https://st.dx.test/v1'}
  production: {provider: openai, base_url: 'https://dx.test/v1'}
rules:
  models: [acme-*]
  largest_prompt: 4000
""",
    "assistants/reviewer.yaml": """\
name: Reviewer
model: acme-code
instructions: {file: prompts/reviewer.md}
reconciler: {environments: {staging: {model: acme-code-next}}}
""",
    "assistants/prompts/reviewer.md": r"""
# Reviewer

Report secrets in code, such as

```python
password = os.environ["DATABASE_PASSWORD_OF_PRODUCTION_1"]
password="correct-horse-battery-staple"
api_key = settings.SECRET_KEY_BASE_64_ENCODED
token: str = "sk-test-1234567890abcdefghij1234567890"
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAA
```

```
-----BEGIN PRIVATE KEY-----
...
-----END PRIVATE KEY-----
```

A JWT is three parts:
`eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQ`.
Slack tokens begin with `xoxb-`, those of GitHub with `ghp_`, OpenAI's with `sk-proj-`. UUIDs such as
`secret_id: 3f2504e0-4f89-11d3-9a0c-0305e82c3301` and hashes such as
`api_key=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`
are none.
""",
}

REPOSITORIES: Final = {
    "support desk": SUPPORT_DESK,
    "legal": LEGAL,
    "Portuguese": PORTUGUESE,
    "JSON mode": JSON_MODE,
    "strict schemas": STRICT,
    "self-hosted models": SELF_HOSTED,
    "deployments in Foundry": FOUNDRY,
    "agents with MCP": AGENTS_WITH_MCP,
    "Markdown manifests": MARKDOWN,
    "developers": DEVELOPERS,
}
"""By what they are like."""
