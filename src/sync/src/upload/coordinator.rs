//! The sending half: hashes blocks, declares them, uploads what is needed, lets files go.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use protocol::commit::{Content, Extent};
use protocol::hash::ContentHash;
use protocol::upload::{ChunkClaim, ChunkState, DeclaredChunk, MAX_CHUNKS_PER_REQUEST};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;

use super::reader::{Part, Piece};
use super::{PARALLEL_UPLOADS, Stored};
use crate::chunk::Cut;
use crate::error::{Result, SyncError};
use crate::fs::Stamp;
use crate::gate::Gate;
use crate::report::{Event, Reporter};
use crate::session::{MOST_SESSIONS, Session, is_closed};

struct Body {
    bytes: Bytes,
    /// Given back when the bytes are.
    _memory: OwnedSemaphorePermit,
}

struct File {
    index: usize,
    cut: Cut,
    stamp: Stamp,
    parts: Vec<Part>,
    /// Blocks that are not in the store yet.
    missing: usize,
}

/// One finished step of the work under way.
enum Step {
    Hashed(u64, ContentHash, Body),
    Declared(Vec<DeclaredChunk>, Arc<Gate>),
    Uploaded(ContentHash),
}

/// Tasks of their own: they must go on while this one waits for the receiver of stored files, who
/// may itself wait for one of them.
type Work = JoinSet<Result<Step>>;

struct Coordinator {
    session: Arc<Session>,
    stored: mpsc::Sender<Stored>,
    reporter: Arc<dyn Reporter>,
    work: Work,
    declaring: bool,
    uploading: usize,
    /// The digest of each block, once known.
    hashes: HashMap<u64, ContentHash>,
    /// Blocks with the same digest share one chunk; `None` once it is stored.
    waiting: HashMap<ContentHash, Option<Vec<u64>>>,
    undeclared: VecDeque<ContentHash>,
    needed: VecDeque<(ContentHash, String, Arc<Gate>)>,
    bodies: HashMap<ContentHash, Body>,
    files: HashMap<usize, File>,
    /// Which files wait for a block.
    users: HashMap<u64, Vec<usize>>,
    next_file: usize,
}

pub(super) async fn run(
    session: Arc<Session>,
    mut pieces: mpsc::Receiver<Piece>,
    stored: mpsc::Sender<Stored>,
    reporter: Arc<dyn Reporter>,
) -> Result<()> {
    let mut this = Coordinator {
        session,
        stored,
        reporter,
        work: JoinSet::new(),
        declaring: false,
        uploading: 0,
        hashes: HashMap::new(),
        waiting: HashMap::new(),
        undeclared: VecDeque::new(),
        needed: VecDeque::new(),
        bodies: HashMap::new(),
        files: HashMap::new(),
        users: HashMap::new(),
        next_file: 0,
    };
    let mut reading = true;
    while reading || !this.work.is_empty() {
        tokio::select! {
            piece = pieces.recv(), if reading => match piece {
                Some(piece) => this.take(piece).await?,
                None => reading = false,
            },
            Some(step) = this.work.join_next() => this.advance(step??).await?,
        }
        this.start_declaring();
        this.start_uploads();
    }
    Ok(())
}

/// Uploads a chunk; where its session ends meanwhile, in the next one.
async fn put(
    session: &Session,
    mut gate: Arc<Gate>,
    mut key: String,
    hash: ContentHash,
    bytes: Bytes,
) -> Result<()> {
    let mut sessions = 0;
    loop {
        match gate.put(&key, &hash, bytes.clone()).await {
            Err(SyncError::Api(error)) if is_closed(&error) && sessions < MOST_SESSIONS => {}
            result => return result,
        }
        sessions += 1;
        let claim = ChunkClaim { hash, size: bytes.len() as u64 };
        let (chunks, opened) = session.declare(vec![claim]).await?;
        match chunks.into_iter().next() {
            Some(chunk) if chunk.state == ChunkState::Need => (gate, key) = (opened, chunk.key),
            _ => return Ok(()),
        }
    }
}

impl Coordinator {
    async fn take(&mut self, piece: Piece) -> Result<()> {
        match piece {
            Piece::Block { block, bytes, memory } => {
                let body = Body { bytes, _memory: memory };
                self.work.spawn_blocking(move || {
                    Ok(Step::Hashed(block, ContentHash::of(&body.bytes), body))
                });
                Ok(())
            }
            Piece::File { index, cut, stamp, parts } => {
                self.take_file(index, cut, stamp, parts).await
            }
            Piece::Changing { index } => self.give(Stored::Changing { index }).await,
            Piece::Unreadable { index, error } => {
                self.give(Stored::Unreadable { index, error }).await
            }
        }
    }

    async fn take_file(
        &mut self,
        index: usize,
        cut: Cut,
        stamp: Stamp,
        parts: Vec<Part>,
    ) -> Result<()> {
        let number = self.next_file;
        self.next_file += 1;
        let mut missing = 0;
        for part in &parts {
            if !self.is_stored(part.block) {
                missing += 1;
                self.users.entry(part.block).or_default().push(number);
            }
        }
        let file = File { index, cut, stamp, parts, missing };
        if missing == 0 {
            return self.release(file).await;
        }
        self.files.insert(number, file);
        Ok(())
    }

    fn is_stored(&self, block: u64) -> bool {
        let hash = self.hashes.get(&block);
        hash.is_some_and(|hash| matches!(self.waiting.get(hash), Some(None)))
    }

    async fn advance(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Hashed(block, hash, body) => {
                self.hashes.insert(block, hash);
                match self.waiting.get_mut(&hash) {
                    None => {
                        self.waiting.insert(hash, Some(vec![block]));
                        self.bodies.insert(hash, body);
                        self.undeclared.push_back(hash);
                    }
                    Some(Some(blocks)) => blocks.push(block),
                    Some(None) => self.complete_block(block).await?,
                }
                Ok(())
            }
            Step::Declared(chunks, gate) => {
                self.declaring = false;
                for chunk in chunks {
                    match chunk.state {
                        ChunkState::Need => {
                            self.needed.push_back((chunk.hash, chunk.key, gate.clone()));
                        }
                        ChunkState::Have => {
                            if let Some(body) = self.bodies.get(&chunk.hash) {
                                let bytes = body.bytes.len() as u64;
                                self.reporter.event(Event::AlreadyThere { bytes });
                            }
                            self.complete_chunk(chunk.hash).await?;
                        }
                    }
                }
                Ok(())
            }
            Step::Uploaded(hash) => {
                self.uploading -= 1;
                self.complete_chunk(hash).await
            }
        }
    }

    /// One declaration at a time: while it is under way the next one gathers, so that a slow
    /// server gets few large requests and a fast one gets many small ones.
    fn start_declaring(&mut self) {
        if self.declaring || self.undeclared.is_empty() {
            return;
        }
        let count = self.undeclared.len().min(MAX_CHUNKS_PER_REQUEST);
        let hashes: Vec<_> = self.undeclared.drain(..count).collect();
        let claims = hashes.iter().filter_map(|hash| {
            let size = self.bodies.get(hash)?.bytes.len() as u64;
            Some(ChunkClaim { hash: *hash, size })
        });
        let claims = claims.collect();
        let session = self.session.clone();
        self.declaring = true;
        let declare = async move {
            let (chunks, gate) = session.declare(claims).await?;
            Ok(Step::Declared(chunks, gate))
        };
        self.work.spawn(declare);
    }

    fn start_uploads(&mut self) {
        while self.uploading < PARALLEL_UPLOADS {
            let Some((hash, key, gate)) = self.needed.pop_front() else {
                return;
            };
            let Some(body) = self.bodies.get(&hash) else {
                continue;
            };
            let bytes = body.bytes.clone();
            let reporter = self.reporter.clone();
            let session = self.session.clone();
            self.uploading += 1;
            let upload = async move {
                let length = bytes.len() as u64;
                put(&session, gate, key, hash, bytes).await?;
                reporter.event(Event::Uploaded { bytes: length });
                Ok(Step::Uploaded(hash))
            };
            self.work.spawn(upload);
        }
    }

    async fn complete_chunk(&mut self, hash: ContentHash) -> Result<()> {
        self.bodies.remove(&hash);
        let blocks = self.waiting.insert(hash, None).flatten();
        for block in blocks.unwrap_or_default() {
            self.complete_block(block).await?;
        }
        Ok(())
    }

    async fn complete_block(&mut self, block: u64) -> Result<()> {
        for number in self.users.remove(&block).unwrap_or_default() {
            let Some(file) = self.files.get_mut(&number) else {
                continue;
            };
            file.missing -= 1;
            if file.missing == 0
                && let Some(file) = self.files.remove(&number)
            {
                self.release(file).await?;
            }
        }
        Ok(())
    }

    async fn release(&mut self, file: File) -> Result<()> {
        let extents = file.parts.iter().filter_map(|part| {
            let chunk = *self.hashes.get(&part.block)?;
            Some(Extent { chunk, offset: part.offset, length: part.length })
        });
        let content =
            Content { hash: file.cut.hash, size: file.cut.size, extents: extents.collect() };
        self.give(Stored::Ready { index: file.index, content, stamp: file.stamp }).await
    }

    async fn give(&mut self, stored: Stored) -> Result<()> {
        let gone = |_| SyncError::Task("the upload's receiver is gone".to_owned());
        self.stored.send(stored).await.map_err(gone)
    }
}
