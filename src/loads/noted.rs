//! What the audit log is told. What was done is noted before anybody hears of it; what was denied, without being waited for.

use jiff::Timestamp;

use crate::{
    domain::CspRegion,
    ingest::{Encoding, FileError},
    store::{AuditEvent, AuditLine, Manifest},
};

use super::{GivenUp, Guard, LoadError, LoadHeader, Loads};

impl Loads {
    /// Notes what was done to a load. Blocks.
    pub(super) fn audit(&self, event: AuditEvent, region: CspRegion, load_id: &str, by: &str, note: &str) {
        self.note(event, region.slug(), load_id, by, "", note);
    }

    /// Notes that a load was refused, or would be, and by what. The sender's own words stay out: they may quote a row.
    pub(super) fn note_refusal(
        &self,
        event: AuditEvent,
        region: CspRegion,
        load_id: &str,
        by: &str,
        refusal: &LoadError,
    ) {
        let (reason, note) = by_what(refusal);
        self.note(event, region.slug(), load_id, by, &reason, &note);
    }

    /// Notes that an upload ended without a load, unless the log has a line of its own for how it ended.
    pub(super) fn note_failure(&self, header: &LoadHeader, error: &LoadError) {
        let Some(reason) = reason(error, header.encoding) else { return };
        let note = if quotes_nothing(error) { error.to_string() } else { String::new() };
        self.note(AuditEvent::Failed, header.region.slug(), "", &header.submitter, reason, &note);
    }

    /// Notes that an upload was turned away before it began, as often as the like of it is noted. Does not wait for the disk.
    pub(super) fn note_turned_away(&self, header: &LoadHeader, error: &LoadError) {
        // Who sends again until its turn comes, or until the server is back, is told what to do, and has changed nothing:
        // the load that has the turn, and the shutdown, have lines of their own.
        if matches!(error, LoadError::InProgress { .. } | LoadError::ShuttingDown) {
            return;
        }
        let Some(reason) = reason(error, header.encoding) else { return };
        let Some(note) = self.turned_away(&header.submitter, reason, error) else { return };
        self.note_later(AuditEvent::Failed, header.region.slug(), &header.submitter, reason, &note);
    }

    /// Notes that an upload ended before it said what it is, as often as the like of it is noted. Does not wait for the disk.
    pub fn upload_without_header(&self, by: &str, why: GivenUp) {
        let error = LoadError::from(why);
        let reason = reason(&error, Encoding::Identity).unwrap_or("server-fault");
        if let Some(note) = self.turned_away(by, reason, &error) {
            self.note_later(AuditEvent::Failed, "", by, reason, &format!("before its header: {note}"));
        }
    }

    /// Notes that a load could not be activated, as often as the like of it is noted. Blocks.
    pub(super) fn note_not_activated(&self, region: CspRegion, load_id: &str, by: &str, error: &LoadError) {
        let reason = match error {
            LoadError::Overtaken { .. } => "overtaken",
            LoadError::NotStaged { .. } => "not-staged",
            LoadError::RefusedLoad { .. } => "refused-before",
            LoadError::NotFound { .. } => "not-found",
            LoadError::BaseNotActive { .. } => "base-not-active",
            error if error.is_damage() => "damaged",
            error => reason(error, Encoding::Identity).unwrap_or("server-fault"),
        };
        let Some(note) = self.turned_away(by, reason, error) else { return };
        self.note(AuditEvent::Failed, region.slug(), load_id, by, reason, &format!("not activated: {note}"));
    }

    /// What to note of an attempt that was turned away, if it is to be noted: a sender that tries all day has a few lines, and
    /// does not push out of the log what was really done.
    fn turned_away(&self, by: &str, reason: &str, error: &LoadError) -> Option<String> {
        let unnoted = self.denials.turned_away.take(by, reason, self.now())?;
        let words = error.to_string();
        Some(if unnoted > 0 { format!("{words}; {unnoted} failures before it were not noted") } else { words })
    }

    pub(super) fn note(&self, event: AuditEvent, region: &str, load_id: &str, by: &str, reason: &str, note: &str) {
        self.note_line(&AuditLine { time: self.now(), event, region, load_id, by, reason, note });
    }

    /// The same of what concerns no load that is known. Does not wait for the disk.
    pub(super) fn note_later(&self, event: AuditEvent, region: &str, by: &str, reason: &str, note: &str) {
        self.audit.append_later(&AuditLine { time: self.now(), event, region, load_id: "", by, reason, note });
    }

    pub(super) fn note_line(&self, line: &AuditLine<'_>) {
        self.audit.append(std::slice::from_ref(line));
    }

    /// Notes that a load was sealed at `time`, and which guards were overridden for it; by one write, so that a kill leaves
    /// all of it or nothing. Blocks.
    pub(super) fn note_loaded(&self, manifest: &Manifest, time: Timestamp, reason: &str, note: &str) {
        let Manifest { load_id, region, submitter, override_note, guards, .. } = manifest;
        let of = |event, reason, note| AuditLine {
            time,
            event,
            region: region.slug(),
            load_id,
            by: submitter,
            reason,
            note,
        };
        let overridden: Vec<_> =
            guards.iter().filter(|guard| guard.overridden).map(|guard| guard.guard.as_str()).collect();
        if overridden.is_empty() {
            return self.audit.append(&[of(AuditEvent::Loaded, reason, note)]);
        }
        let why = format!("{}: {override_note}", overridden.join(", "));
        self.audit.append(&[of(AuditEvent::Loaded, reason, note), of(AuditEvent::Overridden, reason, &why)]);
    }
}

/// What refused a load, by name, and the figures: nothing that the file said.
pub(super) fn by_what(refusal: &LoadError) -> (String, String) {
    let LoadError::Guards { tripped, .. } = refusal else { return ("no-accepted-row".to_owned(), String::new()) };
    let guards: Vec<_> = tripped.iter().map(|tripped| Guard::slug(tripped.guard)).collect();
    let measured =
        tripped.iter().map(|tripped| format!("{}: {}, allowed {}", tripped.guard, tripped.measured, tripped.allowed));
    (guards.join(","), measured.collect::<Vec<_>>().join("; "))
}

/// Why an upload ended without a load, in a word; `None` where another line tells of it.
fn reason(error: &LoadError, encoding: Encoding) -> Option<&'static str> {
    Some(match error {
        // A refused load has its line, and an overtaken one was loaded and deleted.
        LoadError::Guards { .. } | LoadError::NoAcceptedRow { .. } | LoadError::Overtaken { .. } => return None,
        LoadError::BaseNotActive { .. } => "base-not-active",
        LoadError::IssuedInFuture { .. } => "issued-in-future",
        LoadError::BaseTableChanged { .. } => "base-table-changed",
        LoadError::Abandoned => "vanished",
        LoadError::Silent { .. } => "silent",
        LoadError::TooSlow { .. } => "too-slow",
        LoadError::MessageMalformed => "message-malformed",
        LoadError::DigestMismatch { .. } => "digest-mismatch",
        LoadError::RowCountMismatch { .. } => "row-count-mismatch",
        LoadError::TooLarge { .. } | LoadError::File(FileError::TooLarge(_)) => "too-large",
        LoadError::File(FileError::Unreadable { .. }) => match encoding {
            Encoding::Identity => "unreadable",
            Encoding::Gzip | Encoding::Zstd => "encoding",
        },
        LoadError::File(FileError::Header { .. }) => "header-row",
        LoadError::Store(error) if error.is_disk_full() => "disk-full",
        LoadError::File(error) if error.is_disk_full() => "disk-full",
        LoadError::ShuttingDown | LoadError::File(FileError::Cancelled) => "shutting-down",
        LoadError::Retained { .. } => "retained",
        _ => "server-fault",
    })
}

/// Whether the error's words are figures and digests alone, and nothing that a file said.
const fn quotes_nothing(error: &LoadError) -> bool {
    !matches!(
        error,
        LoadError::File(FileError::Header { .. } | FileError::Unreadable { .. } | FileError::NoAcceptedRow(_))
    )
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::store::StoreError;

    #[test]
    fn each_way_to_end_has_its_word_and_those_with_a_line_of_their_own_have_none() {
        let disk = |kind: io::ErrorKind| LoadError::File(FileError::Disk { doing: "x", source: kind.into() });
        let unreadable = || {
            let source = io::ErrorKind::InvalidData.into();
            LoadError::File(FileError::Unreadable { after: 0, source })
        };
        for (error, encoding, word) in [
            (LoadError::Abandoned, Encoding::Identity, Some("vanished")),
            (unreadable(), Encoding::Identity, Some("unreadable")),
            (unreadable(), Encoding::Zstd, Some("encoding")),
            (disk(io::ErrorKind::StorageFull), Encoding::Gzip, Some("disk-full")),
            (disk(io::ErrorKind::QuotaExceeded), Encoding::Gzip, Some("disk-full")),
            (disk(io::ErrorKind::PermissionDenied), Encoding::Gzip, Some("server-fault")),
            (StoreError::DiskFull { needed: 2, free: 1 }.into(), Encoding::Gzip, Some("disk-full")),
            (LoadError::File(FileError::Cancelled), Encoding::Gzip, Some("shutting-down")),
            (LoadError::ShuttingDown, Encoding::Gzip, Some("shutting-down")),
            (LoadError::Guards { load_id: "x".to_owned(), tripped: Vec::new(), dry_run: None }, Encoding::Gzip, None),
        ] {
            assert_eq!(reason(&error, encoding), word, "{error}");
        }
    }
}
