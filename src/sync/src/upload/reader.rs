//! The reading half: files in, blocks and file descriptions out.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use protocol::hash::ContentHash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Source;
use crate::chunk::{Cut, Packer, Placement, SMALL_FILE_BYTES, cut_large};
use crate::fs::{Stamp, open_regular};
use crate::report::{Event, Reporter};

/// How often a file that changes under the reader is read again.
const READ_ATTEMPTS: u32 = 3;

/// What the reader tells the coordinator.
pub(super) enum Piece {
    /// Bytes that become one object.
    Block {
        block: u64,
        bytes: Bytes,
        memory: OwnedSemaphorePermit,
    },
    /// A whole file and, in order, the blocks or the part of a pack that make it up.
    File {
        index: usize,
        cut: Cut,
        stamp: Stamp,
        parts: Vec<Part>,
    },
    Changing {
        index: usize,
    },
    Unreadable {
        index: usize,
        error: io::Error,
    },
}

#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) block: u64,
    pub(super) offset: u64,
    pub(super) length: u64,
}

pub(super) struct Reader {
    pieces: mpsc::Sender<Piece>,
    memory: Arc<Semaphore>,
    reporter: Arc<dyn Reporter>,
    packer: Packer,
    /// Small files whose pack is not closed yet.
    waiting: Vec<(usize, Cut, Stamp, Placement)>,
    next_block: u64,
    /// The block that each closed pack became.
    packs: Vec<u64>,
}

/// The coordinator is gone: nobody wants more.
struct Hangup;

enum ReadError {
    Io(io::Error),
    Hangup,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Hangup> for ReadError {
    fn from(_: Hangup) -> Self {
        Self::Hangup
    }
}

impl Reader {
    pub(super) fn new(
        pieces: mpsc::Sender<Piece>,
        memory: Arc<Semaphore>,
        reporter: Arc<dyn Reporter>,
    ) -> Self {
        Self {
            pieces,
            memory,
            reporter,
            packer: Packer::default(),
            waiting: Vec::new(),
            next_block: 0,
            packs: Vec::new(),
        }
    }

    pub(super) fn run(mut self, sources: &[Source]) {
        for source in sources {
            let sent = match self.read(source) {
                Ok(true) => Ok(()),
                Ok(false) => self.send(Piece::Changing { index: source.index }),
                Err(ReadError::Io(error)) => {
                    self.send(Piece::Unreadable { index: source.index, error })
                }
                Err(ReadError::Hangup) => Err(Hangup),
            };
            if sent.is_err() {
                return;
            }
        }
        // An error means that nobody listens, and then nothing is left to do.
        let _ = self.close_pack();
    }

    fn read(&mut self, source: &Source) -> Result<bool, ReadError> {
        for _ in 0..READ_ATTEMPTS {
            let file = open_regular(&source.path)?;
            let before = Stamp::of(&file.metadata()?);
            if before.size < SMALL_FILE_BYTES {
                if self.read_small(source.index, &file, before)? {
                    return Ok(true);
                }
            } else if self.read_large(source.index, &file, before)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_small(&mut self, index: usize, file: &File, before: Stamp) -> Result<bool, ReadError> {
        let mut content = Vec::with_capacity(before.size as usize + 1);
        // One byte more than expected is enough to notice growth, and bounds the memory.
        file.take(before.size + 1).read_to_end(&mut content)?;
        if content.len() as u64 != before.size || Stamp::of(&file.metadata()?) != before {
            return Ok(false);
        }
        let cut = Cut { hash: ContentHash::of(&content), size: before.size };
        self.reporter.event(Event::Read { bytes: cut.size });
        if content.is_empty() {
            self.send_file(index, cut, before, Vec::new())?;
            return Ok(true);
        }
        let placement = self.packer.add(cut.hash, &content);
        match self.packs.get(placement.pack as usize) {
            Some(&block) => self.send_file(index, cut, before, vec![part(block, placement)])?,
            None => self.waiting.push((index, cut, before, placement)),
        }
        if self.packer.is_full() {
            self.close_pack()?;
        }
        Ok(true)
    }

    fn read_large(&mut self, index: usize, file: &File, before: Stamp) -> Result<bool, ReadError> {
        let mut parts = Vec::new();
        let cut = cut_large(file.take(before.size + 1), |bytes| {
            let length = bytes.len() as u64;
            self.reporter.event(Event::Read { bytes: length });
            let block = self.send_block(bytes)?;
            parts.push(Part { block, offset: 0, length });
            Ok::<_, ReadError>(())
        })?;
        if cut.size != before.size || Stamp::of(&file.metadata()?) != before {
            return Ok(false);
        }
        self.send_file(index, cut, before, parts)?;
        Ok(true)
    }

    fn close_pack(&mut self) -> Result<(), Hangup> {
        let Some((_, bytes)) = self.packer.finish() else {
            return Ok(());
        };
        let block = self.send_block(bytes)?;
        self.packs.push(block);
        for (index, cut, stamp, placement) in std::mem::take(&mut self.waiting) {
            self.send_file(index, cut, stamp, vec![part(block, placement)])?;
        }
        Ok(())
    }

    /// Waits until there is room in memory.
    fn send_block(&mut self, bytes: Bytes) -> Result<u64, Hangup> {
        let kib = (bytes.len() as u32).div_ceil(1024);
        let memory = self.memory.clone().acquire_many_owned(kib);
        let memory = futures::executor::block_on(memory).map_err(|_| Hangup)?;
        let block = self.next_block;
        self.next_block += 1;
        self.send(Piece::Block { block, bytes, memory })?;
        Ok(block)
    }

    fn send_file(
        &self,
        index: usize,
        cut: Cut,
        stamp: Stamp,
        parts: Vec<Part>,
    ) -> Result<(), Hangup> {
        self.send(Piece::File { index, cut, stamp, parts })
    }

    fn send(&self, piece: Piece) -> Result<(), Hangup> {
        self.pieces.blocking_send(piece).map_err(|_| Hangup)
    }
}

fn part(block: u64, placement: Placement) -> Part {
    Part { block, offset: placement.offset, length: placement.length }
}
