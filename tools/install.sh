#!/usr/bin/env bash
# Installs the pinned tools that the recipes of `justfile` call into target/tools, and nothing anywhere else.
# What is there already in the pinned version stays. Wants go, npm and python3 with pip.
set -euo pipefail

readonly GRPCURL=1.9.4
readonly BUF=1.75.0
readonly JUST=1.59.0

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly tools="$PWD/target/tools"
mkdir -p "$tools/bin"

# need NAME VERSION COMMAND: true when the tool must be installed. A stamp tells the version, because a grpcurl that
# `go install` built cannot; the tool itself is run once, because a stamp cannot tell that it works.
need() {
    if [[ -x "$tools/bin/$1" && "$(cat "$tools/$1.version" 2>/dev/null)" == "$2" ]]; then
        return 1
    fi
    if ! command -v "$3" >/dev/null; then
        echo "tools/install.sh: $1 $2 is installed with $3, which is not on this machine" >&2
        exit 1
    fi
    echo "installing $1 $2" >&2
}

# done_with NAME VERSION FLAG: stamps a tool that runs.
done_with() {
    "$tools/bin/$1" "$3" >/dev/null 2>&1 || { echo "tools/install.sh: $1 $2 is installed and does not run" >&2; exit 1; }
    echo "$2" >"$tools/$1.version"
}

if need grpcurl "$GRPCURL" go; then
    GOBIN="$tools/bin" go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@v$GRPCURL" >&2
    done_with grpcurl "$GRPCURL" -version
fi

if need buf "$BUF" npm; then
    npm install --prefix "$tools/npm" --no-save --no-package-lock --no-audit --no-fund --loglevel=error \
        "@bufbuild/buf@$BUF" >&2
    ln -sf ../npm/node_modules/.bin/buf "$tools/bin/buf"
    done_with buf "$BUF" --version
fi

if need just "$JUST" python3; then
    rm -rf "$tools/just"
    python3 -m pip install --quiet --no-deps --only-binary :all: --target "$tools/just" "rust-just==$JUST" >&2
    ln -sf ../just/bin/just "$tools/bin/just"
    done_with just "$JUST" --version
fi
