//! Where a chunked body ends, read strictly (RFC 9112, section 7.1).

use super::refusal::Refusal;

/// Bytes of one chunk's extension.
const EXTENSION: usize = 256;
/// Bytes of all trailer fields.
const TRAILERS: usize = 8 * 1024;
/// Hexadecimal digits of one chunk's size.
const DIGITS: u8 = 15;

/// Follows a chunked body from its first byte to its last.
#[derive(Debug)]
pub(super) struct Chunks {
    at: At,
    size: u64,
    digits: u8,
    count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// At the start of a trailer line, or of the blank line after the last.
    Line,
    Trailer,
    TrailerEnd,
    LastEnd,
    Over,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self { at: At::Size, size: 0, digits: 0, count: 0 }
    }

    /// Reads on; says how many of the bytes belong to the body. Fewer than all only at its end.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut index = 0;
        while index < bytes.len() && self.at != At::Over {
            if self.at == At::Data {
                let left = usize::try_from(self.size).unwrap_or(usize::MAX);
                let step = left.min(bytes.len() - index);
                self.size -= step as u64;
                index += step;
                if self.size == 0 {
                    self.at = At::DataReturn;
                }
                continue;
            }
            self.step(bytes[index])?;
            index += 1;
        }
        Ok(index)
    }

    pub(super) fn is_over(&self) -> bool {
        self.at == At::Over
    }

    fn step(&mut self, byte: u8) -> Result<(), Refusal> {
        self.at = match (self.at, byte) {
            (At::Size, byte) if byte.is_ascii_hexdigit() && self.digits < DIGITS => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                self.size = self.size * 16 + u64::from(digit);
                self.digits += 1;
                At::Size
            }
            (At::Size, b'\r') if self.digits > 0 => At::SizeEnd,
            (At::Size, b';') if self.digits > 0 => {
                self.count = 0;
                At::Extension
            }
            (At::Extension, b'\r') => At::SizeEnd,
            (At::Extension, b'\t' | b' '..=b'~') if self.count < EXTENSION => {
                self.count += 1;
                At::Extension
            }
            (At::SizeEnd, b'\n') => {
                self.digits = 0;
                self.count = 0;
                if self.size == 0 { At::Line } else { At::Data }
            }
            (At::DataReturn, b'\r') => At::DataEnd,
            (At::DataEnd, b'\n') => At::Size,
            (At::Line, b'\r') => At::LastEnd,
            (At::Line, b'!'..=b'~') => self.trailer()?,
            (At::Trailer, b'\r') => At::TrailerEnd,
            (At::Trailer, b'\t' | b' '..=b'~' | 0x80..) => self.trailer()?,
            (At::TrailerEnd, b'\n') => At::Line,
            (At::LastEnd, b'\n') => At::Over,
            _ => return Err(Refusal::bad("the chunked body is malformed")),
        };
        Ok(())
    }

    fn trailer(&mut self) -> Result<At, Refusal> {
        self.count += 1;
        if self.count > TRAILERS {
            return Err(Refusal::bad("the trailer of the chunked body is too long"));
        }
        Ok(At::Trailer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body's length, however the bytes are cut.
    fn read(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        let mut whole = Chunks::new();
        let length = whole.read(bytes)?;
        let mut single = Chunks::new();
        let mut count = 0;
        for byte in bytes {
            count += single.read(&[*byte])?;
        }
        assert_eq!((length, whole.is_over()), (count, single.is_over()));
        Ok(whole.is_over().then_some(length))
    }

    #[test]
    fn a_body_ends_after_its_last_chunk() {
        assert_eq!(read(b"0\r\n\r\nGET /"), Ok(Some(5)));
        assert_eq!(read(b"3\r\nabc\r\n0\r\n\r\n"), Ok(Some(13)));
        assert_eq!(
            read(b"A;name=\"value\"\r\n0123456789\r\n00\r\nDigest: x\r\n\r\nX"),
            Ok(Some(45))
        );
        assert_eq!(read(b"3\r\nabc\r\n0\r\n"), Ok(None));
    }

    #[test]
    fn what_readers_disagree_on_is_refused() {
        for bytes in [
            &b"3\nabc\n0\n\n"[..],
            b"0x3\r\nabc\r\n0\r\n\r\n",
            b"+3\r\nabc\r\n0\r\n\r\n",
            b" 3\r\nabc\r\n0\r\n\r\n",
            b"3 \r\nabc\r\n0\r\n\r\n",
            b"\r\nabc\r\n0\r\n\r\n",
            b"10000000000000003\r\nabc\r\n0\r\n\r\n",
            b"3\r\nabcd\r\n0\r\n\r\n",
            b"3;a\nb\r\nabc\r\n0\r\n\r\n",
            b"0\r\n X: folded\r\n\r\n",
            b"0\r\nX: y\n\r\n",
        ] {
            assert!(read(bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }
}
