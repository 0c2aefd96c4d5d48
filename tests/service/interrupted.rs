//! Uploads that do not come to their end, or are not what they were announced as: nothing is left behind but a line in
//! the audit log, and the next load can start at once.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;
use tonic::{Code, Status};
use wan_matrix::grpc::proto::{
    CoverageLoadHeader, CspRegion, Encoding, ListCoverageLoadsRequest, SubmitCoverageLoadRequest,
};

use crate::{
    running::{Server, Told, config, told},
    uploads::{announce, chunk, csv, header},
};

/// Everything below a directory but the audit log: by path, how long it is and when it was written.
fn tree(root: &Path) -> BTreeMap<String, (u64, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for item in fs::read_dir(directory).unwrap() {
            let path = item.unwrap().path();
            let metadata = path.metadata().unwrap();
            if metadata.is_dir() {
                pending.push(path);
            } else if !path.file_name().unwrap().to_string_lossy().starts_with("audit.") {
                found.insert(path.display().to_string(), (metadata.len(), metadata.modified().unwrap()));
            }
        }
    }
    found
}

/// What the audit log says of a region: each event with its reason.
fn audited(server: &Server, region: &str) -> Vec<String> {
    let log = fs::read_to_string(server.directory.path().join("audit.jsonl")).unwrap_or_default();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let of_region = lines.filter(|line| line["region"] == region);
    of_region
        .map(|line| match line["reason"].as_str() {
            Some(reason) => format!("{}: {reason}", line["event"].as_str().unwrap()),
            None => line["event"].as_str().unwrap().to_owned(),
        })
        .collect()
}

/// A server with a load of North, which nothing below may touch.
struct Watched {
    server: Server,
    disk: BTreeMap<String, (u64, std::time::SystemTime)>,
    answer: String,
    failures: usize,
}

impl Watched {
    async fn with(variables: &[(&str, &str)]) -> Self {
        let expected = [("EXPECTED_REGIONS", "north")];
        Self::over(Server::with(&[&expected, variables].concat()).await).await
    }

    async fn over(server: Server) -> Self {
        let answer = server.load(CspRegion::North, 1, &["AA1 1AA,,,"]).await.load_id;
        let disk = tree(server.directory.path());
        Self { server, disk, answer, failures: 0 }
    }

    /// South was not loaded; only `reason` tells that it was tried.
    async fn untouched(&mut self, what: &str, reason: &str) {
        self.failures += 1;
        let server = &self.server;
        let root = server.directory.path();
        assert_eq!(fs::read_dir(root.join("incoming")).unwrap().count(), 0, "{what}");
        assert_eq!(tree(root), self.disk, "{what}: the disk is as it was");
        let listed = server.loads.clone().list_coverage_loads(ListCoverageLoadsRequest::default()).await.unwrap();
        assert_eq!(listed.into_inner().loads.len(), 1, "{what}");
        assert_eq!(server.ask("AA1 1AA").await.unwrap().sources[0].load_id, self.answer, "{what}");
        let audited = audited(server, "south");
        assert_eq!(audited.len(), self.failures, "{what}: {audited:?}");
        assert_eq!(audited.last().unwrap(), &format!("failed: {reason}"), "{what}");
    }

    /// The next load can start at once, and is active.
    async fn next(&self) {
        self.server.load(CspRegion::South, 28, &["AA1 1AA,,,"]).await;
        assert_eq!(audited(&self.server, "south")[self.failures..], ["loaded", "activated"]);
    }
}

/// So many rows, all of them different.
fn rows(count: usize) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";
    let mut file = csv(&[]);
    for n in 0..count {
        let (sector, unit) = (n / 400, n % 400);
        let [a, b] = [LETTERS[unit / 20] as char, LETTERS[unit % 20] as char];
        let (district, sector) = (sector / 10 + 1, sector % 10);
        writeln!(file, "AA{district} {sector}{a}{b},2020-01-01,Cellular,High").unwrap();
    }
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

#[tokio::test]
async fn a_sender_who_vanishes_before_its_half_close() {
    let mut watched = Watched::with(&[]).await;
    let file = rows(20_000);
    for (what, chunks) in [("after the header", 0), ("after a part of the file", 1), ("after all but its end", 99)] {
        let upload = watched.server.begin(CspRegion::South, &file).await;
        for bytes in file.chunks(100_000).take(chunks) {
            upload.messages.send(chunk(bytes)).await.unwrap();
        }
        upload.answer.abort();
        // The end of the messages would be the half-close: it must not be seen.
        std::mem::forget(upload.messages);
        watched.server.idle().await;
        watched.untouched(what, "vanished").await;
    }
    watched.next().await;
}

#[tokio::test]
async fn a_sender_whose_connection_breaks() {
    let mut watched = Watched::with(&[]).await;
    let file = rows(20_000);
    let own = crate::running::connect(&watched.server.running).await.unwrap();
    let shared = std::mem::replace(
        &mut watched.server.loads,
        wan_matrix::grpc::proto::coverage_load_service_client::CoverageLoadServiceClient::new(own),
    );
    let upload = watched.server.upload();
    upload.messages.send(announce(header(CspRegion::South, 1, &file))).await.unwrap();
    upload.messages.send(chunk(&file[..100_000])).await.unwrap();
    // The connection goes with its last handle, the upload's.
    watched.server.loads = shared;
    let begun = async || {
        let probe = watched.server.send(vec![announce(header(CspRegion::North4g, 1, b""))]).await.unwrap_err();
        told(&probe).reason == "LOAD_IN_PROGRESS"
    };
    while !begun().await {}
    upload.answer.abort();
    watched.server.idle().await;
    watched.untouched("its connection broke", "vanished").await;
    watched.next().await;
}

#[tokio::test]
async fn a_sender_who_stalls_or_trickles_is_given_up() {
    let directory = Arc::new(TempDir::new().unwrap());
    let mut config = config(&directory, &[("EXPECTED_REGIONS", "north")]);
    config.limits.max_upload_silence = Duration::from_millis(500);
    config.limits.min_upload_rate = 10_000;
    let mut watched = Watched::over(Server::start(directory, &config).await).await;
    let file = rows(2_000);
    let late = || Told::new(Code::DeadlineExceeded, "", &[]);

    let upload = watched.server.begin(CspRegion::South, &file).await;
    // What came fast has earned patience: what it is given up for is its silence.
    upload.messages.send(chunk(&file)).await.unwrap();
    let status = upload.answer.await.unwrap().unwrap_err();
    assert_eq!(told(&status), late(), "{status}");
    assert!(status.message().starts_with("nothing came for "), "{status}");
    watched.untouched("silence", "silent").await;

    let upload = watched.server.begin(CspRegion::South, &file).await;
    let begun = std::time::Instant::now();
    let mut sent = 0;
    for byte in file.chunks(1) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if upload.messages.send(chunk(byte)).await.is_err() || upload.answer.is_finished() {
            break;
        }
        sent += 1;
    }
    let status = upload.answer.await.unwrap().unwrap_err();
    assert_eq!(told(&status), late(), "{status}");
    assert!(status.message().contains("less than 10000 bytes a second"), "{status}");
    assert!(sent < 1_000 && begun.elapsed() < Duration::from_secs(30), "{sent} bytes were waited for");
    watched.untouched("a byte at a time", "too-slow").await;
    watched.next().await;
}

#[tokio::test]
async fn a_file_that_is_not_what_was_announced() {
    let mut watched = Watched::with(&[]).await;
    let file = rows(1_000);
    let good = || header(CspRegion::South, 1, &file);
    let of = |bytes: &[u8], encoding: Encoding| CoverageLoadHeader {
        encoding: encoding.into(),
        ..header(CspRegion::South, 1, bytes)
    };
    let (packed, zstd) = (gzip(&file), zstd::encode_all(file.as_slice(), 1).unwrap());
    let [cut, zstd_cut] = [&packed[..packed.len() / 2], &zstd[..zstd.len() / 2]];
    let behind = [&packed[..], b"and more"].concat();
    let utf16: Vec<u8> = String::from_utf8(file.clone()).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (what, header, bytes, error, reason) in [
        (
            "its sha256",
            CoverageLoadHeader { sha256: vec![7; 32], ..good() },
            &file[..],
            "LOAD_DIGEST_MISMATCH",
            "digest-mismatch",
        ),
        ("a file cut short", good(), &file[..file.len() / 2], "LOAD_DIGEST_MISMATCH", "digest-mismatch"),
        (
            "its row count",
            CoverageLoadHeader { row_count: Some(999), ..good() },
            &file,
            "LOAD_ROW_COUNT_MISMATCH",
            "row-count-mismatch",
        ),
        ("gzip that is none", of(&file, Encoding::Gzip), &file, "LOAD_FILE_UNREADABLE", "encoding"),
        ("zstd that is none", of(&file, Encoding::Zstd), &file, "LOAD_FILE_UNREADABLE", "encoding"),
        ("zstd that is gzip", of(&packed, Encoding::Zstd), &packed, "LOAD_FILE_UNREADABLE", "encoding"),
        ("gzip cut short", of(cut, Encoding::Gzip), cut, "LOAD_FILE_UNREADABLE", "encoding"),
        ("zstd cut short", of(zstd_cut, Encoding::Zstd), zstd_cut, "LOAD_FILE_UNREADABLE", "encoding"),
        ("something behind gzip", of(&behind, Encoding::Gzip), &behind, "LOAD_FILE_UNREADABLE", "encoding"),
        ("gzip that is not announced", of(&packed, Encoding::Identity), &packed, "LOAD_FILE_UNREADABLE", "header-row"),
        ("UTF-16", of(&utf16, Encoding::Identity), &utf16, "LOAD_FILE_UNREADABLE", "header-row"),
        ("no byte at all", good(), b"", "LOAD_FILE_UNREADABLE", "header-row"),
    ] {
        let status = watched.server.submit(header, bytes).await.unwrap_err();
        assert_eq!(told(&status).reason, error, "{what}: {status}");
        watched.untouched(what, reason).await;
    }
    // A message that is no part of a file.
    let upload = watched.server.begin(CspRegion::South, &file).await;
    upload.messages.send(chunk(&file[..100])).await.unwrap();
    upload.messages.send(SubmitCoverageLoadRequest { part: None }).await.unwrap();
    let status = upload.answer.await.unwrap().unwrap_err();
    assert_eq!(told(&status), Told::new(Code::InvalidArgument, "LOAD_FILE_UNREADABLE", &["part"]), "{status}");
    watched.untouched("an empty message", "message-malformed").await;
    // One that is larger than any message may be.
    let upload = watched.server.begin(CspRegion::South, &file).await;
    upload.messages.send(chunk(&vec![b'x'; 3 << 20])).await.unwrap();
    let status = upload.answer.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    watched.server.idle().await;
    watched.untouched("a message of 3 MiB", "message-malformed").await;
    watched.next().await;
}

/// Sends a file again and again without an end; gives the answer and how much was taken of it.
async fn endless(server: &Server, encoding: Encoding, begin: &[u8], again: &[u8]) -> (Status, usize) {
    let header = CoverageLoadHeader { encoding: encoding.into(), ..header(CspRegion::South, 1, begin) };
    let taken = Arc::new(AtomicUsize::new(0));
    let (counter, again) = (Arc::clone(&taken), again.to_vec());
    let messages = [announce(header), chunk(begin)].into_iter().chain(std::iter::repeat_with(move || {
        counter.fetch_add(again.len(), Ordering::Relaxed);
        chunk(&again)
    }));
    let status = server.loads.clone().submit_coverage_load(tokio_stream::iter(messages)).await.unwrap_err();
    (status, taken.load(Ordering::Relaxed))
}

#[tokio::test]
async fn an_upload_over_a_limit_stops_at_the_limit() {
    let mebibyte = (1 << 20).to_string();
    let limits = [
        ("LIMITS_MAX_UPLOAD_BYTES", mebibyte.as_str()),
        ("LIMITS_MAX_DECOMPRESSED_BYTES", "4194304"),
        ("LIMITS_MAX_ROWS", "10000"),
    ];
    let mut watched = Watched::with(&limits).await;
    let begin = csv(&[]);
    // One reject is enough to have no row counted among the accepted; rows are counted all the same.
    let row = b"AA1 1AA,2020-01-01,Cellular,High\n".repeat(1_000);
    let wide = [b"AA1 1AA,2020-01-01,Cellular,High", &b" ".repeat(60_000)[..], b"\n"].concat().repeat(10);
    // What has passed the server by when it refuses: its windows, and what waits for its threads.
    let ahead = 8 << 20;
    for (what, encoding, first, again, told_of) in [
        ("as sent", Encoding::Identity, begin.clone(), wide.clone(), "more than the 1048576 bytes"),
        ("decompressed", Encoding::Gzip, gzip(&begin), gzip(&wide), "4194304 bytes, decompressed"),
        (
            "decompressed by zstd",
            Encoding::Zstd,
            zstd::encode_all(begin.as_slice(), 1).unwrap(),
            zstd::encode_all(wide.as_slice(), 1).unwrap(),
            "4194304 bytes, decompressed",
        ),
        ("in rows", Encoding::Identity, begin.clone(), row.clone(), "10000 data rows"),
        ("in rows, compressed", Encoding::Gzip, gzip(&begin), gzip(&row), "10000 data rows"),
        ("in blank lines", Encoding::Gzip, gzip(&begin), gzip(&b"\n".repeat(1 << 20)), ""),
    ] {
        let (status, taken) = endless(&watched.server, encoding, &first, &again).await;
        assert_eq!(told(&status), Told::new(Code::ResourceExhausted, "LOAD_TOO_LARGE", &[]), "{what}: {status}");
        assert!(status.message().contains(told_of), "{what}: {status}");
        assert!(taken <= ahead, "{what}: {taken} bytes were taken");
        watched.untouched(what, "too-large").await;
    }
    watched.next().await;
}

#[tokio::test]
async fn a_sender_who_is_gone_after_its_half_close_finds_its_load_when_it_comes_again() {
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let mut gone = 0;
    for (day, patience) in (1..=20).zip([1, 2, 3, 5, 8, 13, 20, 30, 40, 60].into_iter().cycle()) {
        let lines = audited(&server, "south").len();
        // Large enough to be worked on for a while after its last byte.
        let file = rows(5_000 + day as usize);
        let upload = server.upload();
        upload.messages.send(announce(header(CspRegion::South, day, &file))).await.unwrap();
        for bytes in file.chunks(100_000) {
            upload.messages.send(chunk(bytes)).await.unwrap();
        }
        drop(upload.messages);
        tokio::time::sleep(Duration::from_millis(patience)).await;
        let unanswered = !upload.answer.is_finished();
        upload.answer.abort();
        server.idle().await;
        let before = audited(&server, "south").split_off(lines);
        let again = server.submit(header(CspRegion::South, day, &file), &file).await.unwrap();
        // The server may have been told that it is gone before it read the half-close: then it was given up.
        match before.last().map(String::as_str) {
            Some("failed: vanished") => assert!(!again.already_present),
            // Or before it had read the header: then it never was.
            None => assert!(!again.already_present),
            Some("activated") => {
                assert!(again.already_present, "it was finished");
                gone += usize::from(unanswered);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(server.ask("AA1 0AA").await.unwrap().sources[0].load_id, again.load.unwrap().load_id);
    }
    assert!(gone > 0, "no sender was gone while its load was worked on: nothing was proved");
}

#[tokio::test]
async fn a_disk_without_room_is_told_before_a_byte_is_taken() {
    let server =
        Server::with(&[("EXPECTED_REGIONS", "south"), ("LIMITS_KEEP_FREE_BYTES", &u64::MAX.to_string())]).await;
    let upload = server.upload();
    upload.messages.send(announce(header(CspRegion::South, 1, b"x"))).await.unwrap();
    // The sender need not send the file to hear it; what it does send is taken no further.
    let file = rows(1_000);
    while upload.messages.send(chunk(&file)).await.is_ok() && !upload.answer.is_finished() {}
    let status = upload.answer.await.unwrap().unwrap_err();
    assert_eq!(told(&status), Told::new(Code::ResourceExhausted, "LOAD_DISK_FULL", &[]), "{status}");
    assert_eq!(audited(&server, "south"), ["failed: disk-full"]);
    assert_eq!(fs::read_dir(server.directory.path().join("incoming")).unwrap().count(), 0);

    // Rows that are announced count before they come.
    let server = Server::with(&[("EXPECTED_REGIONS", "south")]).await;
    let announced = CoverageLoadHeader { row_count: Some(i64::MAX), ..header(CspRegion::South, 1, &file) };
    let status = server.submit(announced, &file).await.unwrap_err();
    assert_eq!(told(&status).reason, "LOAD_DISK_FULL", "{status}");
}
