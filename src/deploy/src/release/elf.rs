//! What the head of a Linux program says.

use std::fmt;

use blueprint::values::Architecture;
use object::read::elf::{ElfFile64, FileHeader as _};
use object::{Endianness, elf};

/// A Linux program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elf {
    /// Processors it runs on.
    pub architecture: Architecture,
    /// Newest version of the C library that it needs; `None` for a static one.
    pub glibc: Option<GlibcVersion>,
}

/// A version of GLIBC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(pub u32, pub u32);

impl fmt::Display for GlibcVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

/// Why a file is no Linux program for our servers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Not an ELF file of 64 bits.
    #[error("it is no 64-bit Linux program ({0})")]
    NotElf(String),
    /// A processor that no instance has.
    #[error("it is built for a processor that no instance has")]
    Machine,
    /// An object file or a library.
    #[error("it is no program that can be started")]
    NotExecutable,
}

impl Elf {
    /// Reads head and version needs.
    ///
    /// # Errors
    /// When it is no program that instances could start.
    pub fn read(content: &[u8]) -> Result<Self, ElfError> {
        let not_elf = |error: object::Error| ElfError::NotElf(error.to_string());
        let file = ElfFile64::<Endianness>::parse(content).map_err(not_elf)?;
        let endian = file.endian();
        let header = file.elf_header();
        let architecture = match header.e_machine(endian) {
            elf::EM_X86_64 => Architecture::X86,
            elf::EM_AARCH64 => Architecture::Arm,
            _ => return Err(ElfError::Machine),
        };
        if !matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN)
            || header.e_entry(endian) == 0
        {
            return Err(ElfError::NotExecutable);
        }
        Ok(Self { architecture, glibc: newest_glibc(&file, content).map_err(not_elf)? })
    }
}

/// The newest of the `GLIBC_2.x` that the program asks the loader for.
fn newest_glibc(
    file: &ElfFile64<'_, Endianness>,
    content: &[u8],
) -> object::Result<Option<GlibcVersion>> {
    let sections = file.elf_section_table();
    let endian = file.endian();
    let Some((mut needs, link)) = sections.gnu_verneed(endian, content)? else { return Ok(None) };
    let strings = sections.strings(endian, content, link)?;
    let mut newest = None;
    while let Some((_, mut versions)) = needs.next()? {
        while let Some(version) = versions.next()? {
            newest = newest.max(glibc(version.name(endian, strings)?));
        }
    }
    Ok(newest)
}

fn glibc(name: &[u8]) -> Option<GlibcVersion> {
    let name = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = name.split('.').map(str::parse);
    Some(GlibcVersion(numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Elf, ElfError, GlibcVersion, glibc};

    #[test]
    fn this_very_test_is_a_program_of_this_machine() {
        let content = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = Elf::read(&content).unwrap();
        assert!(elf.glibc.is_none_or(|version| version >= GlibcVersion(2, 2)), "{elf:?}");
    }

    #[test]
    fn what_is_no_program_is_refused_and_never_panics() {
        assert!(matches!(Elf::read(b"#!/bin/sh\n"), Err(ElfError::NotElf(_))));
        let content = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for length in [0, 4, 63, 64, 100, 1000] {
            let _ = Elf::read(&content[..length]);
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(glibc(b"GLIBC_2.34") < glibc(b"GLIBC_2.100"));
        assert_eq!(glibc(b"GLIBC_PRIVATE"), None);
        assert_eq!(glibc(b"GLIBC_2.2.5"), Some(GlibcVersion(2, 2)));
    }
}
