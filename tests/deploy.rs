//! What `deploy/` holds is true of this server, and taken by the tools it is for where they are installed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says so by failing")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use prost_reflect::DescriptorPool;
use serde_json::Value;
use wan_matrix::grpc::DESCRIPTORS;

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(deploy(file)).unwrap()
}

/// The keys of a configuration and their values, as the server understands them.
fn shown(config: Option<&Path>) -> BTreeMap<String, String> {
    let mut show = Command::new(env!("CARGO_BIN_EXE_wan-matrix"));
    show.args(["config", "show"]);
    if let Some(config) = config {
        show.arg("--config").arg(config);
    }
    let output = show.output().unwrap();
    assert!(output.status.success(), "{config:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let (value, _origin) = line.rsplit_once("  # ")?;
        let (key, value) = value.split_once(" = ")?;
        Some((key.to_owned(), value.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// Runs a tool, if it is installed.
fn tool(name: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(name).args(arguments).output().ok()
}

fn services() -> BTreeMap<String, BTreeSet<String>> {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let methods = |service: prost_reflect::ServiceDescriptor| {
        (service.full_name().to_owned(), service.methods().map(|method| method.name().to_owned()).collect())
    };
    pool.services().map(methods).collect()
}

#[test]
fn the_example_configuration_has_every_key_with_its_default() {
    let example = text("wan-matrix.toml");
    let own = shown(Some(&deploy("wan-matrix.toml")));
    assert_eq!(own["data_dir"], "\"/var/lib/wan-matrix\"");
    let named = |key: &str| own["identities"].matches(&format!("{key} = [")).count();
    assert_eq!((named("roles"), named("user_roles")), (3 + 1, 1), "{}", own["identities"]);

    // With every key that is commented out put in force.
    // A build that cannot send traces refuses to be told where to.
    let refused = |key: &str| key == "otlp.endpoint" && !cfg!(feature = "otlp");
    let is_setting = |line: &str| {
        let line = if line.starts_with("# endpoint = ") && refused("otlp.endpoint") { "" } else { line };
        line.strip_prefix("# ").and_then(|rest| rest.split_once(" = ")).is_some_and(|(key, _)| {
            key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
        })
    };
    let in_force: String =
        example.lines().map(|line| format!("{}\n", if is_setting(line) { &line[2..] } else { line })).collect();
    let directory = tempfile::tempdir().unwrap();
    let in_force = ["chism-annex-e.csv", "duis-response-codes.csv"].iter().fold(in_force, |text, table| {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(table);
        text.replace(&format!("/etc/wan-matrix/{table}"), &shipped.display().to_string())
    });
    fs::write(directory.path().join("all.toml"), in_force).unwrap();
    let all = shown(Some(&directory.path().join("all.toml")));
    let defaults = shown(None);

    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, configuration) = readme.split_once("\n## Configuration\n").unwrap();
    for key in
        configuration.lines().take_while(|line| !line.starts_with("## ")).filter_map(|line| line.strip_prefix("| `"))
    {
        for key in key.split(" | ").next().unwrap().split(", ").map(|key| key.trim_matches('`')) {
            assert!(all.contains_key(key) || refused(key), "deploy/wan-matrix.toml says nothing of {key}");
        }
    }
    for (key, value) in defaults {
        if !["data_dir", "listen", "shutdown.delay_seconds", "runtime.worker_threads", "runtime.bulk_threads"]
            .contains(&key.as_str())
        {
            assert_eq!(all[&key], value, "{key}");
        }
    }
}

#[test]
fn the_unit_is_sound_and_hardened() {
    let directory = tempfile::tempdir().unwrap();
    let unit = directory.path().join("wan-matrix.service");
    let installed = text("wan-matrix.service").replace("/usr/bin/wan-matrix", env!("CARGO_BIN_EXE_wan-matrix"));
    fs::write(&unit, installed).unwrap();
    let unit = unit.to_str().unwrap();
    let Some(verified) = tool("systemd-analyze", &["verify", unit]) else {
        eprintln!("systemd-analyze is not installed: the unit is not verified");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("wan-matrix.service"), "{said}");
    // Out of 100; below 20 is what systemd calls OK and nearly nothing shipped reaches.
    let security =
        tool("systemd-analyze", &["security", "--offline=true", "--threshold=20", "--no-pager", unit]).unwrap();
    let said = String::from_utf8_lossy(&security.stdout);
    assert!(security.status.success(), "{said}");
}

#[test]
fn the_image_is_nobodys_and_built_with_the_toolchain_of_the_crate() {
    let image = text("Containerfile");
    let users: Vec<_> = image.lines().filter(|line| line.starts_with("USER ")).collect();
    assert_eq!(users, ["USER 65532:65532"]);
    let cargo = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let rust = cargo.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(image.contains(&format!("/rust:{rust}-")), "the image is not built with Rust {rust}");
    let ignored = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".dockerignore")).unwrap();
    assert!(["target", "var", ".git"].iter().all(|name| ignored.lines().any(|line| line == *name)));
}

#[test]
fn the_manifests_fit_the_server_they_run() {
    let own = shown(Some(&deploy("kubernetes/wan-matrix.toml")));
    let port = |key: &str| own[key].trim_matches('"').rsplit(':').next().unwrap().to_owned();
    let set = text("kubernetes/statefulset.yaml");
    assert!(set.contains(&format!("containerPort: {}", port("listen"))), "{set}");
    let probed: Vec<_> = set.lines().filter_map(|line| line.trim().strip_prefix("port: ")).collect();
    assert_eq!(probed, vec![port("health_listen"); 3], "each probe has the port of health");
    let services = services();
    let asked: Vec<_> = set.lines().filter_map(|line| line.trim().strip_prefix("service: ")).collect();
    assert!(asked.len() == 3 && asked.iter().all(|service| services.contains_key(*service)), "{asked:?}");
    for needed in ["readOnlyRootFilesystem: true", "runAsNonRoot: true", "allowPrivilegeEscalation: false"] {
        assert!(set.contains(needed), "{needed}");
    }
    for key in ["tls.cert", "tls.key", "tls.client_ca"] {
        assert!(own[key].starts_with("\"/etc/wan-matrix/tls/"), "{key} is not in the secret's volume");
    }
    // The Service for loads finds an instance that is not ready; the one for lookups does not.
    let manifests = text("kubernetes/services.yaml");
    let documents: Vec<_> = manifests.split("\n---\n").collect();
    let open: Vec<_> = documents.iter().map(|document| document.contains("publishNotReadyAddresses: true")).collect();
    assert_eq!(open, [false, true]);
    assert!(documents[1].contains("name: wan-matrix-loads\n") && set.contains("serviceName: wan-matrix-loads\n"));

    let directory = deploy("kubernetes");
    if let Some(built) = tool("kubectl", &["kustomize", directory.to_str().unwrap()]) {
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let built = String::from_utf8(built.stdout).unwrap();
        assert_eq!(built.matches("\nkind: ").count(), 6, "{built}");
    }
}

/// Every method is in one of the two, and only what changes nothing is asked again by itself.
#[test]
fn clients_retry_what_is_safe_and_nothing_else() {
    let mut configured: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let changes_or_streams =
        |method: &str| ["Submit", "Activate", "Stream", "Watch"].iter().any(|verb| method.starts_with(verb));
    for file in ["grpc-service-config.planner.json", "grpc-service-config.loads.json"] {
        let config: Value = serde_json::from_str(&text(file)).unwrap();
        for entry in config["methodConfig"].as_array().unwrap() {
            for name in entry["name"].as_array().unwrap() {
                let (service, method) = (name["service"].as_str().unwrap(), name["method"].as_str().unwrap());
                assert!(configured.entry(service.to_owned()).or_default().insert(method.to_owned()), "{method} twice");
                assert_eq!(entry["retryPolicy"].is_null(), changes_or_streams(method), "{method}");
            }
            let codes = &entry["retryPolicy"]["retryableStatusCodes"];
            assert!(codes.is_null() || *codes == serde_json::json!(["UNAVAILABLE"]), "{codes}");
        }
    }
    assert_eq!(configured, services());
}
