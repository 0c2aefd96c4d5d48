//! A row that was set aside, as it is kept for its sender.

use serde::{Deserialize, Serialize};

use super::{Column, RejectReason};

/// How many bytes of a rejected row are kept.
pub const KEPT_BYTES: usize = 4096;

/// A row that was set aside. In JSON the row's bytes are base64, for they need not be text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reject {
    /// The line of the file the row begins on; the header row is line 1.
    pub line: u32,
    /// The column at fault; `None` where the fault is the row's.
    pub column: Option<Column>,
    /// Why.
    pub reason: RejectReason,
    /// What is wrong, and what to send instead.
    pub message: String,
    /// The row's bytes as sent, without its line end: at most the first [`KEPT_BYTES`].
    #[serde(with = "as_base64")]
    pub row: Vec<u8>,
    /// The row was longer than is kept.
    pub row_truncated: bool,
}

impl Reject {
    /// Keeps as much of the row as is kept; `cut` says that `row` is not the whole of it already.
    pub(super) fn keep(&mut self, row: &[u8], cut: bool) {
        let kept = row.get(..KEPT_BYTES).unwrap_or(row);
        self.row = kept.to_vec();
        self.row_truncated = cut || kept.len() < row.len();
    }
}

mod as_base64 {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_bytes_exactly() {
        let reject = Reject {
            line: 7,
            column: Some(Column::WanVariant),
            reason: RejectReason::NotUtf8,
            message: "said".to_owned(),
            row: vec![b'A', 0xFF, b'"', 0],
            row_truncated: false,
        };
        let json = serde_json::to_string(&reject).unwrap();
        assert!(json.contains(r#""column":"wan_variant","reason":"NOT_UTF8""#), "{json}");
        assert_eq!(serde_json::from_str::<Reject>(&json).unwrap(), reject);
    }
}
