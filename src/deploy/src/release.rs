//! The server program as a file: what it is, and whether an instance can run it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use blueprint::values::Architecture;
use sha2::{Digest as _, Sha256};
use stack::Sha256Digest;

mod elf;

pub use elf::{Elf, ElfError, GlibcVersion};

/// Newest GLIBC that the image offers (<https://docs.aws.amazon.com/linux/al2023/ug/libc.html>).
pub const IMAGE_GLIBC: GlibcVersion = GlibcVersion(2, 34);

/// A server program, read and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Where it lies.
    pub path: PathBuf,
    /// `bundled`, or the path as it was named.
    pub source: String,
    /// SHA-256 of its content.
    pub digest: Sha256Digest,
    /// Bytes.
    pub size: u64,
    /// What its head says.
    pub elf: Elf,
}

/// Why a file is no release for a deployment.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// It cannot be read.
    #[error("cannot read the server program {path}: {error}")]
    Unreadable {
        /// Its path.
        path: String,
        /// The operating system's reason.
        error: io::Error,
    },
    /// It is no Linux program.
    #[error("{path} is no server program: {reason}")]
    NotElf {
        /// Its path.
        path: String,
        /// What is wrong with it.
        reason: ElfError,
    },
    /// It is for another processor.
    #[error("{path} is built for {found}, and {instance} instances have {wanted} processors")]
    Architecture {
        /// Its path.
        path: String,
        /// What it is built for.
        found: &'static str,
        /// What the instance type has.
        wanted: &'static str,
        /// The instance type.
        instance: String,
    },
    /// It needs a newer C library than the image has.
    #[error("{path} needs GLIBC {needed}, and the image has {IMAGE_GLIBC}")]
    Glibc {
        /// Its path.
        path: String,
        /// What it needs.
        needed: GlibcVersion,
    },
}

impl Release {
    /// Reads a program from a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no Linux program.
    pub fn read(path: &Path, source: &str) -> Result<Self, ReleaseError> {
        let shown = || path.display().to_string();
        let unreadable = |error| ReleaseError::Unreadable { path: shown(), error };
        let mut content = Vec::new();
        File::open(path).and_then(|mut file| file.read_to_end(&mut content)).map_err(unreadable)?;
        let elf =
            Elf::read(&content).map_err(|reason| ReleaseError::NotElf { path: shown(), reason })?;
        let digest = hex::encode(Sha256::digest(&content));
        let digest = Sha256Digest::new(&digest)
            .ok_or_else(|| unreadable(io::Error::other("its digest is none")))?;
        Ok(Self {
            path: path.to_owned(),
            source: source.to_owned(),
            digest,
            size: content.len() as u64,
            elf,
        })
    }

    /// Whether instances of this type can run it.
    ///
    /// # Errors
    /// When it is for another processor, or needs a newer C library than the image has.
    pub fn check(&self, instance: &blueprint::values::InstanceType) -> Result<(), ReleaseError> {
        let path = self.path.display().to_string();
        let wanted = instance.architecture();
        if self.elf.architecture != wanted {
            return Err(ReleaseError::Architecture {
                path,
                found: architecture_name(self.elf.architecture),
                wanted: architecture_name(wanted),
                instance: instance.to_string(),
            });
        }
        match self.elf.glibc {
            Some(needed) if needed > IMAGE_GLIBC => Err(ReleaseError::Glibc { path, needed }),
            _ => Ok(()),
        }
    }
}

/// As AWS spells it.
#[must_use]
pub const fn architecture_name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => "x86_64",
        Architecture::Arm => "arm64",
    }
}
