"""The texts of workflows for GitHub, with `<<words>>` for what differs between repositories.

The workflows of this repository are made of them too; `make golden` writes those.
"""

from __future__ import annotations

from typing import Final

CHECKOUT: Final = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
PLAN: Final = """\
# Shows what merging a pull request will do. <<origin>>
#
# The check is red while an objection blocks a change. Make it a required check of the branch that is applied. No job
# here may be skipped by a condition or a path: a skipped check counts as passed.
name: plan<<of>>
on:
  pull_request:
    branches: [<<branch>>] # its reconciler.yaml says which servers are used
    types: [opened, reopened, synchronize, labeled, unlabeled, edited] # edited: the base may have changed; see below
  merge_group: # in a merge queue the check is required too
permissions: {}
# An edit that leaves the base alone, such as a new title, has its own name and group: it cancels no plan, makes no
# check green and plans nothing.
concurrency:
  group: >-
    plan-<<group>>${{ github.event.pull_request.number || github.ref }}${{
    github.event.action == 'edited' && !github.event.changes.base && '-edited' || '' }}
  cancel-in-progress: true
jobs:
  plan:
    name: ${{ github.event.action == 'edited' && !github.event.changes.base && 'nothing to plan' || 'plan<<of>>' }}
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read # the manifests, of the pull request and of its base
      pull-requests: write # the comment; creating and removing labels that override objections
      actions: read # the plans that labels were set for
    steps:
      - uses: <<checkout>>
        if: github.event.action != 'edited' || github.event.changes.base
        with:
          fetch-depth: 0 # the base, and the commits that were applied
          persist-credentials: false
      - uses: <<uses>>
        if: github.event.action != 'edited' || github.event.changes.base
        with:
          command: plan
          environment: <<environments>>
          offline: ${{ <<offline>> }} # after the setup, a plan must have read what is live
<<inputs>>\
<<env>>"""
APPLY: Final = """\
# Applies what was reviewed, after the merge. <<origin>>
#
# It does nothing until <<until>>.
# Each environment in the repository's settings holds a key that may write, for this branch only, and may require a
# reviewer. Running it again is harmless.
#
# On call, also from a phone: Actions, apply<<of>>, Run workflow. The task is planned again; what an objection blocks
# is not changed, and the environment's reviewers approve.
name: apply<<of>>
on:
  push:
    branches: [<<branch>>]
  workflow_dispatch:
    inputs:
      task:
        description: apply everything, roll keys back to a commit, or put drift back
        type: choice
        options: [apply, rollback, put drift back]
        default: apply
      where:
        description: environment
        type: choice
        options: [<<choices>>]
        default: <<choice>>
      keys:
        description: keys or addresses (agent.hr-helper), separated by spaces; empty means all; required for a rollback
        type: string
        default: ""
      commit:
        description: for a rollback, the commit whose manifests are restored
        type: string
        default: ""
      allow:
        description: codes of objections to override, separated by spaces
        type: string
        default: ""
permissions: {}
jobs:
"""
APPLY_JOB: Final = """\
  <<job>>:
    name: apply to <<name>><<of>>
<<needs>>\
    if: >-
      <<condition>>
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    concurrency: # applies of one environment wait for each other, in their order; none is dropped or canceled
      group: reconciler-<<group>><<name>>
      cancel-in-progress: false
      queue: max
    environment: <<environment>>
    permissions:
      contents: read # the manifests
      actions: read # the plan that was reviewed
      pull-requests: write # which pull request it was, and the comment on it
      issues: write # the issue of the environment, if drift is put back
    steps:
      - uses: <<checkout>>
        with:
          fetch-depth: 0 # to recognize an old commit that is run again
          persist-credentials: false
      - uses: <<uses>>
        with:
          command: ${{ github.event_name == 'push' && 'apply' || 'on-call' }}
          task: ${{ inputs.task }}
          keys: ${{ inputs.keys }}
          commit: ${{ inputs.commit }}
          allow: ${{ inputs.allow }}
          environment: <<environment>>
<<inputs>>\
<<env>>"""
RECONCILE: Final = """\
# Reports drift in an issue. <<origin>>
#
# It writes nothing but the issue unless reconciler.yaml says `reconcile: {apply: [drift]}`.
name: reconcile<<of>>
on:
  schedule:
    - cron: "17 5 * * 1-5"
  workflow_dispatch:
permissions: {}
jobs:
"""
RECONCILE_JOB: Final = """\
  <<job>>:
    name: reconcile <<name>><<of>>
    if: <<condition>>
    runs-on: ubuntu-24.04
    timeout-minutes: 60
    concurrency: # the same group as in <<apply>>: the two never overlap
      group: reconciler-<<group>><<name>>
      cancel-in-progress: false
      queue: max
    # A separate environment, because nobody approves a scheduled job. If nothing is put back, its key only has to read.
    environment: <<unattended>>
    permissions:
      contents: read # the manifests
      actions: read # whether the apply of this commit failed
      issues: write # the issue of the environment
    steps:
      - uses: <<checkout>>
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: <<uses>>
        with:
          command: reconcile
          environment: <<environment>>
<<inputs>>\
<<env>>"""
TRY: Final = """\
# Preview copies of what a pull request describes, while it has the label `reconciler/try`.
# <<origin>>
#
# It does nothing until <<until>>.
# Everybody who may push a branch may create agents and assistants there, so it should be a separate project.
name: try<<of>>
on:
  pull_request:
    branches: [<<branch>>] # its reconciler.yaml says which servers are used
    types: [labeled, unlabeled, synchronize, reopened, closed]
  schedule: # no workflow runs for a pull request that has conflicts, not even when it is closed
    - cron: "43 4 * * *"
permissions: {}
concurrency:
  group: try-<<group>>${{ github.event.pull_request.number || 'closed' }}
  cancel-in-progress: false
  queue: max
jobs:
  try:
    name: try<<of>>
    if: >-
      <<condition>>
      && github.event.pull_request.head.repo.full_name == github.repository
      && contains(github.event.pull_request.labels.*.name, 'reconciler/try')
      && (github.event.action == 'synchronize' || github.event.action == 'reopened'
      || (github.event.action == 'labeled' && github.event.label.name == 'reconciler/try'))
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    environment: <<environment>>
    permissions:
      contents: read # the manifests
      pull-requests: write # the comment with the ids
    steps:
      - uses: <<checkout>>
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: <<uses>>
        with:
          command: try
          environment: <<environment>>
          stack: "{stack}-pr-${{ github.event.pull_request.number }}" # not the environment's own
<<inputs>>\
<<env>>\
  destroy:
    name: destroy<<of>>
    if: >-
      <<condition>>
      && github.event.pull_request.head.repo.full_name == github.repository
      && ((github.event.action == 'closed' && contains(github.event.pull_request.labels.*.name, 'reconciler/try'))
      || (github.event.action == 'unlabeled' && github.event.label.name == 'reconciler/try'))
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    environment: <<environment>>
    permissions:
      contents: read # reconciler.yaml
      pull-requests: write # the comment
    steps:
      - uses: <<checkout>>
        with:
          ref: ${{ github.event.pull_request.base.ref }} # the merge commit of a closed one may not exist any more
          fetch-depth: 0
          persist-credentials: false
      - uses: <<uses>>
        with:
          command: destroy
          environment: <<environment>>
          stack: "{stack}-pr-${{ github.event.pull_request.number }}" # not the environment's own
<<inputs>>\
<<env>>\
  closed:
    name: destroy the previews of closed pull requests<<of>>
    if: <<condition>> && github.event_name == 'schedule'
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    environment: <<environment>>
    permissions:
      contents: read # reconciler.yaml
      pull-requests: write # which are closed, and their comments
    steps:
      - uses: <<checkout>>
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: <<uses>>
        with:
          command: destroy
          environment: <<environment>>
          stack: "{stack}-pr-*"
<<inputs>>\
<<env>>"""
