"""`reconciler show`: a live agent or assistant as its manifest would be, or a saved plan."""

from __future__ import annotations

import click

from reconciler.cli import completers, options
from reconciler.github import ci_output_guard
from reconciler.run.options import SessionOptions


@click.command("show")
@click.argument(
    "what", nargs=-1, required=True, metavar="KEY|ID|NAME|PLAN.json...", shell_complete=completers.keys_or_files
)
@options.environment
@options.formats(*options.PLAN_FORMATS, help="How to show a plan; of a live object, json is the raw object.")
@options.in_session
def command(*, what: tuple[str, ...], format: str, session_options: SessionOptions) -> int:
    """Show a live agent or assistant as a manifest, or a saved plan.

    KEY names a managed one, ID and NAME any live one; what is printed can be saved as a manifest. PLAN.json is a
    file that `plan --out` wrote; it is shown without a server. Several such files are shown together.
    """
    from reconciler.console.output import stdout_style
    from reconciler.console.saved_plans import means_file, saved_sections
    from reconciler.run.live_output import show_live
    from reconciler.run.plan_output import show_sections
    from reconciler.run.session import open_session

    if any(map(means_file, what)):
        sections = [section for path in what for section in saved_sections(path)]
        show_sections(sections, format, stdout_style(colour=session_options.colour))
        return 0
    session = open_session(session_options, owns=False)
    ci_output_guard.says_data()
    show_live(session, " ".join(what), format)  # a name whose words were not quoted
    return 0
