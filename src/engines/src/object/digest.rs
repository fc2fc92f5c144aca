//! The digests of one upload, all in one pass over the bytes.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};

use super::meta::Checksums;

/// A checksum a client may choose, as S3 names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] =
        [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// The algorithm of an S3 name in any case, such as `SHA256`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The request header that carries a value of it.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// Length of a raw value in bytes.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Running digests: the chosen checksum, and MD5 where the ETag needs it.
pub(crate) struct Digests {
    checksum: ChecksumHasher,
    md5: Option<Md5>,
}

impl Digests {
    /// `md5` is by far the slowest; leave it out where SHA-256 names the bytes.
    pub(crate) fn new(algorithm: Algorithm, md5: bool) -> Self {
        let mut checksum = ChecksumHasher::default();
        match algorithm {
            Algorithm::Crc32 => checksum.crc32 = Some(s3s::crypto::Crc32::new()),
            Algorithm::Crc32c => checksum.crc32c = Some(s3s::crypto::Crc32c::new()),
            Algorithm::Crc64Nvme => checksum.crc64nvme = Some(s3s::crypto::Crc64Nvme::new()),
            Algorithm::Sha1 => checksum.sha1 = Some(s3s::crypto::Sha1::new()),
            Algorithm::Sha256 => checksum.sha256 = Some(s3s::crypto::Sha256::new()),
        }
        Self { checksum, md5: md5.then(Md5::new) }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.checksum.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }

    /// The checksums in Base64 and the MD5, raw.
    pub(crate) fn finish(self) -> (Checksums, Option<[u8; 16]>) {
        let found = self.checksum.finalize();
        let checksums = Checksums {
            crc32: found.checksum_crc32,
            crc32c: found.checksum_crc32c,
            crc64nvme: found.checksum_crc64nvme,
            sha1: found.checksum_sha1,
            sha256: found.checksum_sha256,
        };
        (checksums, self.md5.map(|md5| md5.finalize()))
    }
}
