"""What `doctor` looks at: what needs no server, then the server, and on request what it does to objects."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import click

from reconciler import config, urls
from reconciler.config import Config, Environment
from reconciler.console.failure import Failure
from reconciler.console.output import stdout_style
from reconciler.diagnostics import Diagnostic
from reconciler.github.job_findings import job_findings
from reconciler.kinds import KINDS
from reconciler.model import Desired
from reconciler.render.checkup import CHECKUP_FORMATS, Checkup, Finding
from reconciler.render.sentences import count, target_line
from reconciler.render.style import Style
from reconciler.run import commands
from reconciler.run.checkout import absent_from_history, commit
from reconciler.run.doctor_server import Examined, retirement_findings, server_findings
from reconciler.run.doctor_trial import tried
from reconciler.run.git import repository
from reconciler.run.interrupts import INTERRUPTED
from reconciler.run.neighbors import told_in_base
from reconciler.run.options import ApplyOptions
from reconciler.run.session import Session, choose_environment, load_config, run_async, session_in
from reconciler.settings import Access

_INTERRUPTED = 130
_REPORTED = "fix what is reported above"


@dataclass(slots=True)
class _Doctor:
    """One examination."""

    options: ApplyOptions
    style: Style
    writes: bool
    findings: list[Finding] = field(default_factory=list)
    session: Session | None = None
    settings: str = ""
    interrupted: bool = False

    @property
    def title(self) -> str:
        return target_line(self.session.where) if self.session is not None else "No environment could be opened"

    def open(self) -> None:
        """Opens the environment; without access where something is missing for that."""
        try:
            loaded = load_config(self.style, anywhere=True)
            environment = choose_environment(loaded, self.options.environment, self.style, owns=False)
        except Failure as failure:
            self._add("configuration", failure)
            return
        self.findings += _configuration(loaded, environment)
        try:
            self.session = self._opened(loaded, environment)
        except Failure as failure:
            self._add("configuration", failure)

    def _opened(self, loaded: Config, environment: Environment) -> Session:
        settings = environment.settings
        access, offline = config.access(environment, os.environ), None
        if isinstance(access, Diagnostic):
            offline = access.message
            self.findings.append(Finding("key", "problem", access.message, access.remedy))
        elif reason := commands.why_not_run(settings, of_base=environment.of_base):
            offline = reason
            self.findings.append(Finding("key", "note", f"{reason[:1].upper()}{reason[1:]}.", commands.REMEDY))
        else:
            self.findings.append(_key(environment, access))
        return session_in(loaded, environment, self.style, state_dir=self.options.state_dir, offline=offline)

    def read_manifests(self, session: Session) -> Sequence[Desired]:
        """What the manifests want; nothing where they have errors."""
        try:
            desired = session.desired(may_lack=True)
        except Failure as failure:
            self._add("manifests", failure)
            return ()
        self.findings.append(_manifests(desired))
        return desired

    async def look(self, session: Session, desired: Sequence[Desired], model: str | None) -> None:
        """Asks the server, and on request tries it."""
        async with session.provider() as provider:
            examined = Examined(session, provider, desired)
            async for finding in server_findings(examined):
                self.findings.append(finding)
            self.settings = examined.settings
            if self.writes and examined.kinds:
                await self._try(examined, model)

    async def _try(self, examined: Examined, model: str | None) -> None:
        try:
            self.interrupted = await tried(examined, self.options, model, self.findings) == INTERRUPTED
        except Failure as failure:
            self.interrupted = failure.code == _INTERRUPTED
            self._add("try", failure)

    @property
    def checkup(self) -> Checkup:
        """Everything that was found."""
        return Checkup(self.title, tuple(self.findings), self.settings, self.writes)

    def _add(self, area: str, failure: Failure) -> None:
        """What ended a part of the examination."""
        if failure.wrong:
            text = f"{count(len(failure.wrong), 'error')}, reported above."
            self.findings.append(Finding(area, "problem", text, _REPORTED))
        else:
            self.findings.append(Finding(area, "problem", failure.message, failure.remedy))


def examine(options: ApplyOptions, format_name: str, *, write: bool, model: str | None) -> int:
    """Looks at everything, prints what was found, and returns the exit code: 1 where there is a problem."""
    doctor = _Doctor(options, stdout_style(colour=options.colour), write)
    doctor.open()
    session = doctor.session
    if session is not None:
        desired = doctor.read_manifests(session)
        doctor.findings += _git(session)
        doctor.findings += job_findings(session.config.all_names(), options.environment)
        if session.offline is None:
            run_async(doctor.look, session, desired, model, timeout=options.timeout)
        else:
            doctor.findings.append(Finding("address", "note", f"{session.where.base_url} was not asked."))
            doctor.findings += retirement_findings(session, desired, {})
    checkup = doctor.checkup
    click.echo(CHECKUP_FORMATS[format_name](checkup, doctor.style), nl=False)
    return _INTERRUPTED if doctor.interrupted else 1 if checkup.counted("problem") else 0


def _configuration(loaded: Config, environment: Environment) -> Iterator[Finding]:
    file = loaded.file or f"no {config.FILE}"
    yield Finding("configuration", "ok", f"{file}: provider {environment.provider}, stack {environment.stack}.")
    if told := told_in_base(loaded):
        yield Finding("configuration", "note", *told)
    elif unowned := config.unowned(loaded, environment):
        yield Finding("configuration", "problem", unowned.message, unowned.remedy)
    for name in sorted(loaded.broken):
        yield Finding("configuration", "note", f"The environment {name} has errors.", f"reconciler validate -e {name}")


def _key(environment: Environment, access: Access) -> Finding:
    source = access.key_source
    if not environment.settings.remote:
        who = "The embedded server" if environment.settings.embedded else "A folder"
        return Finding("key", "ok", f"{who} needs none.")
    if access.has_key:
        return Finding("key", "ok", f"It comes from {source}.")
    text = f"None is sent{f': {source} is not set' if source else ''}."
    return Finding("key", "ok" if urls.is_loopback(access.base_url or "") else "note", text)


def _manifests(desired: Sequence[Desired]) -> Finding:
    if not desired:
        remedy = "write one (docs/manifest.md), or run `reconciler import`, which writes them from what is live"
        return Finding("manifests", "note", "There are none for this environment.", remedy)
    kinds = Counter(each.address.kind for each in desired)
    counted = ", ".join(count(number, KINDS[kind].name) for kind, number in sorted(kinds.items()))
    return Finding("manifests", "ok", f"No errors: {counted}.")


def _git(session: Session) -> Iterator[Finding]:
    root = session.config.root
    git = repository(root)
    if git is None:
        yield Finding("Git", "note", "This is no repository: markers carry no commit.", "git init, and commit")
        return
    if (folder := session.environment.settings.owned_folder) and git.ask("check-ignore", "-q", git.inside + folder).ok:
        text = f"Git ignores {folder}, so no other clone has what was applied."
        yield Finding("Git", "problem", text, "take it out of .gitignore, and commit it")
    _, notes = absent_from_history(root, ())
    for note in notes:
        yield Finding("Git", "problem", note)
    head = commit(root) or ""
    if head and git.text("rev-parse", "--is-shallow-repository") == "true":
        yield Finding(
            "Git",
            "note",
            "This clone is shallow: whether it is older than the last apply cannot be known, nor what a base was.",
            "`fetch-depth: 0` for actions/checkout; elsewhere `git fetch --unshallow`",
        )
    elif head:
        yield Finding("Git", "ok", f"Commit {head.partition('+')[0]}, with its history.")
    if head.endswith("+dirty"):
        yield Finding("Git", "note", "Some files are not committed, so what is applied is in no commit.", "git status")
