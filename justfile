# The recipes ARE the steps of CI: `.ci/run` installs the pinned tools and runs `just ci`.

set shell := ["bash", "-euo", "pipefail", "-c"]

# The pinned tools come first, whatever else the machine has.
export PATH := justfile_directory() / "target/tools/bin" + ":" + env("PATH")

# What there is
_default:
    @just --list --unsorted

# The server over the built-in sample coverage, on its default address
run *ARGS:
    cargo run --release -- serve --sample {{ ARGS }}

# Everything CI checks, in CI's order
ci: test fmt lint proto doc smoke

# The README's test command, word for word (tests/readme.rs holds the two together)
test:
    cargo test

# Formatting
fmt:
    cargo fmt --check

# Clippy, over tests and benches too
lint:
    cargo clippy --all-targets --locked -- -D warnings

# The protos' style
proto: tools
    buf lint

# The documentation, with no broken link
doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --locked

# A real server, asked by grpcurl, against tests/smoke/*.txt; `just smoke --update` rewrites those
smoke *ARGS: tools
    @# The binary that `cargo test` built; a `cargo build` would build dependencies anew, with fewer features.
    cargo test --no-run --locked
    tests/smoke.sh {{ ARGS }}

# The pinned grpcurl, buf and just, into target/tools
tools:
    @bash tools/install.sh

# The national proof: every live postcode asked by batch and compared with the source files, also during reloads
national:
    cargo test --release --test national_full -- --nocapture

# The delta of 205,908 rows between the real postcode lists of 2014 and 2025, applied to the first: it is the second, row for row
delta-lists:
    cargo test --release --test deltas -- --ignored --nocapture

# Premises up to the national 30 million: every row asked and compared, and what it all costs; writes docs/premises.svg
premises *SIZES:
    cargo test --release --test premises_full -- {{ SIZES }}

# A national load through the RPC beside a bare walk of the same files; memory and disk beside their limits
bench-load *ROUNDS:
    cargo bench --bench load -- {{ ROUNDS }}

# A lookup's processor time beside a bare service that answers the same from a constant
bench-lookup *ROUNDS:
    cargo bench --bench lookup -- {{ ROUNDS }}

# A restart to the first answer beside a bare opening of the same databases
bench-start *ROUNDS:
    cargo bench --bench start -- {{ ROUNDS }}
