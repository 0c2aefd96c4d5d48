//! Loads whose manifest cannot be read: all that is known of them is their id.

use std::fs;

use jiff::Timestamp;

use crate::{
    domain::CspRegion,
    store::{DataDir, Manifest},
};

/// What the id of a load says, as the manifest it has lost; `None` for a directory that no load of ours is named as.
///
/// It stays where it is, for whoever can read it: it is listed as damaged, and neither opened nor deleted.
pub(super) fn manifest_of(data: &DataDir, load_id: &str) -> Option<Manifest> {
    let (region, issue_time) = from_id(load_id)?;
    // When it was sealed, within a moment, and so when it came.
    let modified = fs::metadata(data.load(load_id)).and_then(|metadata| metadata.modified());
    let received = modified.ok().and_then(|time| Timestamp::try_from(time).ok()).unwrap_or(issue_time);
    Some(Manifest { received, ..Manifest::of_id(load_id.to_owned(), region, issue_time) })
}

/// The region and the issue time in `<region>-<yyyymmddThhmmssZ>-<12 hex>`.
pub(super) fn from_id(load_id: &str) -> Option<(CspRegion, Timestamp)> {
    let mut parts = load_id.rsplitn(3, '-');
    let (identity, issued, region) = (parts.next()?, parts.next()?, parts.next()?);
    let hex = identity.len() == 12 && identity.bytes().all(|byte| byte.is_ascii_hexdigit());
    let region = CspRegion::ALL.into_iter().find(|known| known.slug() == region)?;
    hex.then_some((region, issued.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_its_region_and_issue_time() {
        let issued: Timestamp = "2026-02-01T03:00:00Z".parse().unwrap();
        for (load_id, said) in [
            ("south-20260201T030000Z-55e22a0fd297", Some((CspRegion::South, issued))),
            ("4g-central-20260201T030000Z-55e22a0fd297", Some((CspRegion::Central4G, issued))),
            ("wales-20260201T030000Z-55e22a0fd297", None),
            ("south-20260231T030000Z-55e22a0fd297", None),
            ("south-20260201T030000Z-55e22a0fd29", None),
            ("south-20260201T030000Z-55e22a0fd29g", None),
            ("lost+found", None),
            ("", None),
        ] {
            assert_eq!(from_id(load_id), said, "{load_id}");
        }
    }
}
