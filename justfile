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
ci: test otlp fmt lint proto doc smoke

# The README's test command, word for word (tests/readme.rs holds the two together)
test:
    cargo test

# Traces, which only a build with their feature has
otlp:
    cargo test --features otlp --test otlp --locked

# Formatting
fmt:
    cargo fmt --check

# Clippy, over tests and benches too, and over what only a build with traces has
lint:
    cargo clippy --all-targets --locked -- -D warnings
    cargo clippy --lib --bins --features otlp --locked -- -D warnings

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

# A fuzz target (postcode, ingest, duis or block) under libFuzzer: needs a nightly toolchain and cargo-fuzz
fuzz TARGET SECONDS="60":
    mkdir -p fuzz/corpus/{{ TARGET }}
    cargo +nightly fuzz run {{ TARGET }} fuzz/corpus/{{ TARGET }} fuzz/seeds/{{ TARGET }} -- -max_total_time={{ SECONDS }} -max_len=8192

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

# A lookup's slowest in a hundred while planners keep the server busy, beside the same while others keep the machine busy
bench-classes *ROUNDS:
    cargo bench --bench classes -- {{ ROUNDS }}

# A restart to the first answer beside a bare opening of the same databases
bench-start *ROUNDS:
    cargo bench --bench start -- {{ ROUNDS }}

# A steady stream of lookups while national loads run back to back; draws docs/load-disturbance.svg (`--tiny`: only to see it work)
bench-disturb *ARGUMENTS:
    cargo bench --bench disturb -- {{ ARGUMENTS }}

# A delta of 5,000 rows beside the full load it is made onto (`--tiny`: only to see it work)
bench-delta *ARGUMENTS:
    cargo bench --bench delta -- {{ ARGUMENTS }}
