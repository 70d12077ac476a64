"""Words of other tools, such as Terraform, kubectl, Helm, Pulumi and octoDNS, and what does the same here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_STATUS: Final = "`reconciler status` lists what is live."
_APPLY: Final = "`reconciler apply` does that."
_PLAN: Final = "`reconciler plan` does that."
_VALIDATE: Final = "`reconciler validate` does that."
_IMPORT: Final = "`reconciler import` writes manifests of what is live."
_REMOVE: Final = "remove the manifest and apply, or `reconciler forget KEY`, which deletes nothing."
_EDIT: Final = "change the manifest and apply, or take what was changed on the server with `reconciler pull`."
_DRIFT: Final = "`reconciler plan --drift` shows what changed on the server, `reconciler pull` takes it into the files."
_SHOW: Final = "`reconciler show KEY` prints a live one as its manifest."
_HISTORY: Final = "`reconciler history` lists the recorded applies."
_ROLLBACK: Final = "`reconciler rollback` restores the state before a run."
_DESTROY: Final = (
    "`reconciler destroy --stack NAME` deletes everything of a stack. To delete one object, remove its manifest and"
    " apply."
)
_RENAME: Final = "rename the manifest, and list the key that it had under `reconciler: {was: [KEY]}`."
_ENVIRONMENT: Final = "environments are in reconciler.yaml, and `-e NAME` chooses one."
_SETTINGS: Final = "settings are in reconciler.yaml, and `reconciler doctor` tries them."
_KEYS: Final = "the key is in a variable that reconciler.yaml names, and `reconciler doctor` tries it."
_NO_STATE: Final = "there is no state file: ownership is in each object's `metadata`."
_IN_PLACE: Final = "nothing is replaced: an object keeps its id, and is changed in place."
_RUNS_NOTHING: Final = "this program says what agents and assistants are, and does not run them."
_LOCK: Final = "the lock ends with the process that holds it."
_FORMATTING: Final = "manifests stay as they are written, and `reconciler validate` checks them."

COMMANDS_THERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("get", "list", "ls", "state", "state list", "agents", "assistants", "find", "search"), _STATUS),
    **dict.fromkeys(("deploy", "push", "up", "update", "sync", "install", "replace", "patch", "set"), _APPLY),
    **dict.fromkeys(("create", "add"), "write a manifest, and `reconciler apply` creates its object."),
    **dict.fromkeys(("preview", "template", "dry-run"), _PLAN),
    **dict.fromkeys(("lint", "check", "test"), _VALIDATE),
    **dict.fromkeys(("adopt", "export", "dump"), _IMPORT),
    **dict.fromkeys(("delete", "rm", "remove", "uninstall", "state delete"), _REMOVE),
    **dict.fromkeys(("state rm", "untrack", "abandon", "release"), "`reconciler forget KEY` does that."),
    **dict.fromkeys(("state mv", "mv", "rename"), _RENAME),
    **dict.fromkeys(("state pull", "state push"), _NO_STATE),
    **dict.fromkeys(("describe", "state show", "cat", "inspect"), _SHOW),
    **dict.fromkeys(("refresh", "drift"), _DRIFT),
    **dict.fromkeys(("logs", "log", "rollout history", "rollout status", "stack history"), _HISTORY),
    **dict.fromkeys(("rollout", "rollout undo", "undo", "revert", "restore"), _ROLLBACK),
    **dict.fromkeys(("workspace", "env", "environment", "environments", "context", "use", "switch"), _ENVIRONMENT),
    "stack": "`--stack NAME` chooses a stack, `-e NAME` an environment of reconciler.yaml.",
    **dict.fromkeys(("stack output", "outputs", "ids"), "`reconciler output` prints keys and ids."),
    **dict.fromkeys(("taint", "untaint"), _IN_PLACE),
    **dict.fromkeys(("fmt", "format"), _FORMATTING),
    **dict.fromkeys(("config", "provider", "providers"), _SETTINGS),
    **dict.fromkeys(("login", "logout", "auth"), _KEYS),
    **dict.fromkeys(("whoami", "cluster-info", "about", "ping"), "`reconciler doctor` looks at what has to work."),
    **dict.fromkeys(("edit", "annotate", "label"), _EDIT),
    **dict.fromkeys(("force-unlock", "unlock", "cancel"), _LOCK),
    **dict.fromkeys(("copy", "cp", "clone"), "copy the manifest to a file of another name, and apply."),
    **dict.fromkeys(("prune", "clean"), "`reconciler apply` deletes what was managed and has no manifest any more."),
    **dict.fromkeys(("run", "exec", "invoke", "chat", "call"), _RUNS_NOTHING),
    **dict.fromkeys(("watch", "daemon", "loop"), "`reconciler reconcile` on a schedule does that."),
    **dict.fromkeys(("start", "server"), "`reconciler serve` runs the embedded server."),
    **dict.fromkeys(("down", "teardown"), _DESTROY),
    **dict.fromkeys(("ps", "top"), _STATUS),
    **dict.fromkeys(
        ("commit", "checkout", "branch", "merge", "stash", "blame"), "manifests are files of the repository: use Git."
    ),
    "convert": "`reconciler migrate` does that.",
    "console": "`reconciler show KEY` and `reconciler output --json` print what is live.",
    "graph": "agents and assistants do not depend on each other, and `reconciler plan` lists what changes.",
    "explain": "docs/fields.md describes every field, and `reconciler validate` says what is wrong.",
    "new": "`reconciler init` does that.",
    "upgrade": "`reconciler apply` changes what is live, and pip or pipx upgrades this program.",
}
"""By command, the way here; of those with a second word too."""

_WHICH: Final = "`-e NAME` chooses the environment, `--stack NAME` the stack."
_MANIFESTS: Final = "manifests are read from the folders of reconciler.yaml, and KEYS choose some."
_VALUES: Final = "write it under `values` of the environment in reconciler.yaml, where manifests say `{value: NAME}`."
_FORMAT: Final = "`--format NAME` chooses the output, and `--help` lists the formats."
_DRY_RUN: Final = "`reconciler plan` never writes."
_ASKS_NOTHING: Final = "this command does not ask for approval: leave it out."
_REFRESH: Final = "live objects are always read first, except by `plan --base REV --offline`."

OPTIONS_THERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("--verbose", "-v", "--debug"), "set RECONCILER_LOG=debug to see every request."),
    **dict.fromkeys(
        ("-q", "--quiet", "--silent"), "results go to stdout and messages to stderr: redirect one of them."
    ),
    **dict.fromkeys(("--yes", "-y", "--auto-approve", "--skip-preview"), _ASKS_NOTHING),
    "--doit": "`reconciler apply -y` applies without asking.",
    "--force": "`--allow CODE` overrides an objection, and `-y` approves where a command asks.",
    **dict.fromkeys(
        ("--force-conflicts", "--server-side"), "`reconciler apply --allow conflict` overwrites conflicts."
    ),
    "destroy -f": "`-y` approves, and `--allow CODE` overrides an objection.",
    **dict.fromkeys(("history -n", "history --limit"), "it lists every recorded run, the newest first."),
    "import -f": "`--from FILE` reads saved JSON.",
    **dict.fromkeys(
        ("--upgrade", "--reconfigure", "--backend"), "there is nothing to download or to configure: leave it out."
    ),
    "-V": "`reconciler --version` prints the version.",
    "-n": "`reconciler plan` never writes, and `-e NAME` chooses the environment.",
    **dict.fromkeys(
        ("--dry-run", "--dryrun", "--what-if", "--noop", "--preview", "--diff", "--plan", "--check"), _DRY_RUN
    ),
    **dict.fromkeys(("import -n", "init -n", "migrate -n", "pull -n"), "`--dry-run` writes nothing."),
    **dict.fromkeys(
        ("destroy -n", "destroy --dry-run", "destroy --plan"), "`reconciler plan --destroy --stack NAME` never writes."
    ),
    **dict.fromkeys(
        ("forget -n", "forget --dry-run", "rollback -n", "rollback --dry-run"),
        "without `-y` it shows the plan, and changes nothing before you approve it.",
    ),
    **dict.fromkeys(
        ("--no-delete", "--no-deletes", "--no-prune"),
        "`reconciler apply '*'` deletes nothing, since only a key without a glob includes a delete.",
    ),
    **dict.fromkeys(("-f", "--filename", "--file", "-k", "--kustomize"), _MANIFESTS),
    **dict.fromkeys(("-R", "--recursive"), "folders of manifests are read with all that is below them."),
    **dict.fromkeys(("-o", "--output"), _FORMAT),
    **dict.fromkeys(
        ("-A", "--all", "--all-namespaces"),
        "`plan --all-environments` plans every environment, `status --all-stacks` lists every stack.",
    ),
    **dict.fromkeys(("--namespace", "--context", "--kubeconfig", "--workspace", "-s"), _WHICH),
    **dict.fromkeys(
        ("--config", "--config-file"), "reconciler.yaml of the folder is read: `reconciler -C DIR COMMAND`."
    ),
    **dict.fromkeys(
        ("-l", "--selector", "--exclude", "--skip", "--field-selector", "--only", "--include", "-t"),
        "KEYS and globs say what is included.",
    ),
    **dict.fromkeys(("-w", "--watch"), "run it again, or `reconciler reconcile` on a schedule."),
    **dict.fromkeys(("--no-input", "--non-interactive", "--batch"), "`--input false` asks nothing."),
    **dict.fromkeys(("-j", "-p", "--parallel", "--concurrency", "--max-workers"), "`--parallelism N` does that."),
    **dict.fromkeys(
        ("-d", "--dir", "--directory", "--path", "--cwd"), "`reconciler -C DIR COMMAND` works in a folder."
    ),
    "--prune": "apply deletes what was managed and has no manifest any more.",
    **dict.fromkeys(("--var", "--var-file", "--set", "--values"), _VALUES),
    **dict.fromkeys(("--token", "--key"), _KEYS),
    **dict.fromkeys(("--state", "--state-out", "--backup", "--backend-config", "--migrate-state"), _NO_STATE),
    **dict.fromkeys(("--lock", "--lock-timeout"), "an apply always takes the lock, and does not wait for it."),
    **dict.fromkeys(("--refresh", "--skip-refresh", "--no-refresh"), _REFRESH),
    "--refresh-only": _DRIFT,
    **dict.fromkeys(("--replace", "--target-dependents"), _IN_PLACE),
    "--target": "name KEYS instead, in this command.",
    **dict.fromkeys(("destroy --target", "--destroy"), _DESTROY),
    **dict.fromkeys(("-C", "--chdir"), "it comes before the command: `reconciler -C DIR COMMAND`."),
    "--version": "`reconciler --version` prints the version.",
    "--all-environments": "this command is for one environment: `-e NAME`.",
    "--json": "this command has no JSON; `plan`, `status`, `show` and `output` have it.",
    **dict.fromkeys(
        ("--compact-warnings", "--concise", "--show-sensitive"), "there is one form of the output: leave it out."
    ),
    "--generate-config-out": _IMPORT,
    **dict.fromkeys(("--staged", "--cached", "--since"), "`reconciler plan --base REV` compares with a revision."),
    "--expect-no-changes": "`reconciler plan --detailed-exitcode` exits 2 when changes are pending.",
    "--raw": "`reconciler output --raw KEY` prints an id alone.",
}
"""By option, with two dashes where it is a word, the way here; of one command alone where that stands before it."""


MISSING_HERE: Final[Mapping[str, str]] = {
    "stack": "everything of that stack is deleted, such as of a preview. To delete one object, remove its manifest and"
    " apply",
}
"""By the name of a parameter that has to be there, what to do where it is not."""
EXTRA_HERE: Final[Mapping[str, str]] = {
    "status": "it lists everything, while `reconciler show KEY` prints one object",
    "validate": "it checks every manifest, and `-e NAME` chooses the environment",
    "destroy": "to delete one object, remove its manifest and apply",
    "init": "`reconciler -C DIR init` works in another folder",
}
"""By command, what to do where it is given words that it does not take."""
ALWAYS_SO: Final = frozenset({"-refresh", "-refresh=true", "--refresh=true", "-lock", "-lock=true", "--lock=true"})
"""What scripts for Terraform may pass to any command, since it is so without it."""


def option_here(command: str | None, option: str) -> str:
    """What to use in place of an option of another tool; nothing where none is meant."""
    return OPTIONS_THERE.get(f"{command} {option}") or OPTIONS_THERE.get(option, "")


def command_here(words: Sequence[str]) -> str:
    """What to use in place of a command of another tool; nothing where none is meant."""
    return COMMANDS_THERE.get(" ".join(words[:2])) or COMMANDS_THERE.get(words[0], "")
