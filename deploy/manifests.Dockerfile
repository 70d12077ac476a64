# The manifests of a repository, with the tool. Build it in your own repository, with its .git, so that the marker names
# the commit:
#   docker build -f manifests.Dockerfile --build-arg TOOL=registry.example.com/assistants-reconciler:VERSION -t acme .
ARG TOOL
# hadolint ignore=DL3006
FROM ${TOOL}
COPY --chown=65532:65532 . /repository
