//! What is known of an object beside its bytes, and how it is written behind them.
//!
//! Layout of an object file: bytes, JSON, then sixteen bytes: length of the
//! JSON and its CRC-32 (both little endian), and a mark with the layout number.

use std::collections::BTreeMap;

use s3s::crypto::Crc32;
use serde::{Deserialize, Serialize};

use super::digest::Algorithm;

const MARK: &[u8; 8] = b"syncobj1";

/// Bytes behind the JSON.
pub(crate) const FOOTER: usize = 16;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) key: String,
    /// Bytes of content.
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
    #[serde(default)]
    pub(crate) checksums: Checksums,
    /// The checksum is one of part checksums, not of the content.
    #[serde(default)]
    pub(crate) composite: bool,
    /// Sizes of the parts of a multipart upload, in bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parts: Vec<u64>,
    /// Checksums of the same parts; objects of earlier releases have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) part_sums: Vec<Checksums>,
    /// The multipart upload that made the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upload: Option<String>,
    #[serde(default)]
    pub(crate) headers: Headers,
}

/// Checksums in Base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksums {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc32: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc32c: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc64nvme: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
}

impl Checksums {
    pub(crate) fn get(&self, algorithm: Algorithm) -> Option<&str> {
        match algorithm {
            Algorithm::Crc32 => self.crc32.as_deref(),
            Algorithm::Crc32c => self.crc32c.as_deref(),
            Algorithm::Crc64Nvme => self.crc64nvme.as_deref(),
            Algorithm::Sha1 => self.sha1.as_deref(),
            Algorithm::Sha256 => self.sha256.as_deref(),
        }
    }

    pub(crate) fn set(&mut self, algorithm: Algorithm, value: String) {
        let place = match algorithm {
            Algorithm::Crc32 => &mut self.crc32,
            Algorithm::Crc32c => &mut self.crc32c,
            Algorithm::Crc64Nvme => &mut self.crc64nvme,
            Algorithm::Sha1 => &mut self.sha1,
            Algorithm::Sha256 => &mut self.sha256,
        };
        *place = Some(value);
    }

    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| self.get(*algorithm).is_some())
    }
}

/// Response headers the client asked to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) user: BTreeMap<String, String>,
}

impl Meta {
    /// JSON and footer, as they stand behind the bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Strings and numbers only: serialising them cannot fail.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let sum = Crc32::checksum_u32(&bytes);
        bytes.extend(length.to_le_bytes());
        bytes.extend(sum.to_le_bytes());
        bytes.extend(MARK);
        bytes
    }

    /// Length of the JSON, if `footer` is one of ours.
    pub(crate) fn json_length(footer: &[u8]) -> Option<usize> {
        let (length, rest) = footer.split_first_chunk::<4>()?;
        (rest.get(4..)? == MARK).then_some(u32::from_le_bytes(*length) as usize)
    }

    /// Reads what [`Meta::encode`] wrote; `None` for anything damaged.
    pub(crate) fn decode(json: &[u8], footer: &[u8]) -> Option<Self> {
        let sum = footer.get(4..8)?.try_into().ok()?;
        if u32::from_le_bytes(sum) != Crc32::checksum_u32(json) {
            return None;
        }
        serde_json::from_slice(json).ok()
    }
}
