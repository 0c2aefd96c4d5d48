//! What makes two submissions the same load.

use sha2::{Digest, Sha256};

use super::LoadHeader;

/// The sha256 over region, kind, base, issue time, content and Table 3, and the load id made from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// In hex.
    pub(super) sha256: String,
    /// `<region>-<yyyymmddThhmmssZ>-<12 hex of the identity>`.
    pub(super) load_id: String,
}

impl Identity {
    /// The content counts through its own sha256, so that a file is hashed once whatever else its identity holds.
    pub(super) fn of(header: &LoadHeader, content_sha256: &[u8; 32], table3_sha256: &[u8; 32]) -> Self {
        let region = header.region.slug();
        let issued = header.issue_time;
        let mut hash = Sha256::new();
        hash.update(b"wan-matrix load 1\n");
        let (kind, base) = header.base_load_id.as_deref().map_or(("full", ""), |base| ("delta", base));
        hash.update(format!("{region}\n{kind}\n{base}\n{}\n", issued.as_second()));
        hash.update(content_sha256);
        hash.update(table3_sha256);
        let sha256 = hex::encode(hash.finalize());
        let stamp = issued.strftime("%Y%m%dT%H%M%SZ");
        let load_id = format!("{region}-{stamp}-{}", sha256.get(..12).unwrap_or_default());
        Self { sha256, load_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::CspRegion,
        ingest::Encoding,
        loads::{Guard, Wanted},
    };

    fn header(region: CspRegion, issued: &str, reference: &str, encoding: Encoding) -> LoadHeader {
        let whole = LoadHeader::of(region, issued.parse().unwrap(), [0; 32], "");
        LoadHeader { reference: reference.to_owned(), encoding, ..whole }
    }

    #[test]
    fn region_base_issue_time_content_and_table_make_the_load_and_nothing_else_does() {
        let south = header(CspRegion::South, "2026-11-20T04:05:06Z", "a", Encoding::Identity);
        let id = Identity::of(&south, &[1; 32], &[2; 32]);
        assert!(id.load_id.starts_with("south-20261120T040506Z-"), "{}", id.load_id);
        assert!(id.load_id.ends_with(&id.sha256[..12]));

        let gzip = header(CspRegion::South, "2026-11-20T04:05:06Z", "b", Encoding::Gzip);
        assert_eq!(Identity::of(&gzip, &[1; 32], &[2; 32]), id, "how it was sent and called does not count");
        let staged = LoadHeader {
            overrides: vec![Guard::Shrink],
            override_note: "why".to_owned(),
            wanted: Wanted::Staged,
            ..south.clone()
        };
        assert_eq!(Identity::of(&staged, &[1; 32], &[2; 32]), id, "nor what is wanted of it");
        let delta = |base: &str| {
            let header = LoadHeader { base_load_id: Some(base.to_owned()), ..south.clone() };
            Identity::of(&header, &[1; 32], &[2; 32])
        };
        assert_ne!(delta("south-1"), delta("south-2"));
        for other in [
            delta("south-1"),
            Identity::of(
                &header(CspRegion::South4G, "2026-11-20T04:05:06Z", "a", Encoding::Identity),
                &[1; 32],
                &[2; 32],
            ),
            Identity::of(
                &header(CspRegion::South, "2026-11-20T04:05:07Z", "a", Encoding::Identity),
                &[1; 32],
                &[2; 32],
            ),
            Identity::of(&south, &[3; 32], &[2; 32]),
            Identity::of(&south, &[1; 32], &[3; 32]),
        ] {
            assert_ne!(other.sha256, id.sha256);
        }
    }
}
