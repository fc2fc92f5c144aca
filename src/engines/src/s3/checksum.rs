//! What a client claims about the bytes it sends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use crate::object::{Algorithm, Checksums, Digests};

/// The checksums of one request: which to compute, which to compare with.
pub(super) struct Claim {
    /// Nothing was said: S3 uses CRC-64/NVME.
    defaulted: bool,
    algorithm: Algorithm,
    /// MD5 is computed whatever else is.
    always_md5: bool,
    /// Base64, from a header; a trailer may bring it later.
    expected: Option<String>,
    md5: Option<[u8; 16]>,
    trailers: Option<TrailingHeaders>,
}

impl Claim {
    /// Reads the headers of a request with a body.
    pub(super) fn read(headers: &HeaderMap, trailers: Option<TrailingHeaders>) -> S3Result<Self> {
        let mut given = Algorithm::ALL
            .into_iter()
            .filter_map(|algorithm| Some((algorithm, headers.get(algorithm.header())?)));
        let first = given.next();
        if given.next().is_some() {
            return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header."));
        }
        let announced = announced(headers)?;
        let (algorithm, expected) = match first {
            Some((algorithm, value)) => {
                if announced.is_some_and(|announced| announced != algorithm) {
                    return Err(s3_error!(
                        InvalidRequest,
                        "Value for x-amz-sdk-checksum-algorithm header is invalid."
                    ));
                }
                (algorithm, Some(checked(algorithm, value.as_bytes())?))
            }
            None => (announced.unwrap_or(Algorithm::Crc64Nvme), None),
        };
        Ok(Self {
            defaulted: first.is_none() && announced.is_none(),
            always_md5: false,
            algorithm,
            expected,
            md5: content_md5(headers)?,
            trailers,
        })
    }

    /// The same claim for a part, whose MD5 goes into the ETag of the whole, of
    /// an upload that `announced` an algorithm.
    pub(super) fn for_part(mut self, announced: Option<Algorithm>) -> S3Result<Self> {
        if let Some(announced) = announced {
            if !self.defaulted && self.algorithm != announced {
                return Err(S3Error::with_message(
                    S3ErrorCode::InvalidRequest,
                    format!(
                        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                        announced.name().to_lowercase(),
                        self.algorithm.name().to_lowercase()
                    ),
                ));
            }
            self.algorithm = announced;
        }
        self.always_md5 = true;
        Ok(self)
    }

    /// Digests to run over the body. MD5 only where the ETag needs it: bytes
    /// that come with their SHA-256 are named by that.
    pub(super) fn digests(&self) -> Digests {
        let strong = self.algorithm == Algorithm::Sha256 && self.expected.is_some();
        Digests::new(self.algorithm, !strong || self.always_md5 || self.md5.is_some())
    }

    /// Compares what came with what was claimed.
    pub(super) fn verify(&self, checksums: &Checksums, md5: Option<[u8; 16]>) -> S3Result<()> {
        let late = self
            .trailers
            .as_ref()
            .and_then(|trailers| trailers.read(|map| map.get(self.algorithm.header()).cloned()))
            .flatten();
        let late = late.map(|value| checked(self.algorithm, value.as_bytes())).transpose()?;
        for expected in [&self.expected, &late].into_iter().flatten() {
            if checksums.get(self.algorithm) != Some(expected.as_str()) {
                return Err(bad_digest(self.algorithm.name()));
            }
        }
        if self.md5.is_some() && self.md5 != md5 {
            return Err(bad_digest("Content-MD5"));
        }
        Ok(())
    }
}

/// The ETag, without quotes: the MD5 as S3 gives it, or, where none was
/// computed, a form that nobody takes for one.
pub(super) fn etag(checksums: &Checksums, md5: Option<[u8; 16]>) -> String {
    match (md5, &checksums.sha256) {
        (Some(md5), _) => hex::encode(md5),
        (None, Some(sha256)) => {
            let raw = STANDARD.decode(sha256).unwrap_or_default();
            format!("{}-1", hex::encode(raw.get(..16).unwrap_or_default()))
        }
        (None, None) => String::new(),
    }
}

pub(super) fn bad_digest(name: &str) -> S3Error {
    S3Error::with_message(
        S3ErrorCode::BadDigest,
        format!("The {name} you specified did not match the calculated checksum."),
    )
}

/// The algorithm named ahead of a trailer, or by the SDK.
fn announced(headers: &HeaderMap) -> S3Result<Option<Algorithm>> {
    let trailer =
        headers.get("x-amz-trailer").and_then(|value| value.to_str().ok()).and_then(|names| {
            names.split(',').find_map(|name| {
                Algorithm::ALL
                    .into_iter()
                    .find(|algorithm| algorithm.header().eq_ignore_ascii_case(name.trim()))
            })
        });
    if trailer.is_some() {
        return Ok(trailer);
    }
    let Some(named) = headers.get("x-amz-sdk-checksum-algorithm") else {
        return Ok(None);
    };
    named
        .to_str()
        .ok()
        .and_then(Algorithm::from_name)
        .map(Some)
        .ok_or_else(|| s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported."))
}

fn checked(algorithm: Algorithm, value: &[u8]) -> S3Result<String> {
    let length = STANDARD.decode(value).map(|raw| raw.len());
    match (length, std::str::from_utf8(value)) {
        (Ok(length), Ok(text)) if length == algorithm.length() => Ok(text.to_owned()),
        _ => Err(S3Error::with_message(
            S3ErrorCode::InvalidRequest,
            format!("Value for {} header is invalid.", algorithm.header()),
        )),
    }
}

fn content_md5(headers: &HeaderMap) -> S3Result<Option<[u8; 16]>> {
    let Some(value) = headers.get("content-md5") else {
        return Ok(None);
    };
    STANDARD
        .decode(value.as_bytes())
        .ok()
        .and_then(|raw| raw.try_into().ok())
        .map(Some)
        .ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid."))
}
