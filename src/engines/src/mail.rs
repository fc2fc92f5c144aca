//! The mail of the local target: one file per message.

mod text;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::EngineError;
use crate::format::{self, Claim};

/// Layout of the folder this code reads and writes.
pub(crate) const FORMAT: u32 = 1;

const SUFFIX: &str = "eml";

/// What a list shows of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSummary {
    /// Names the message to [`show`]; later messages sort behind.
    pub id: String,
    pub date: String,
    pub from: String,
    pub to: String,
    pub subject: String,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub summary: MailSummary,
    /// The plain text part, decoded; `None` if the message has none.
    pub body: Option<String>,
    /// The whole message, RFC 5322, as it lies there.
    pub raw: Vec<u8>,
}

/// The messages in the mail folder `dir`, oldest first; none if it is missing.
///
/// # Errors
/// The folder or a message cannot be read.
pub fn list(dir: &Path) -> io::Result<Vec<MailSummary>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut mails = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(id) = id.filter(|_| path.extension().is_some_and(|end| end == SUFFIX)) {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            mails.push(summary(id, &text));
        }
    }
    mails.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(mails)
}

/// One message of the mail folder `dir`; `None` if there is none of this id.
///
/// # Errors
/// The message cannot be read.
pub fn show(dir: &Path, id: &str) -> io::Result<Option<Mail>> {
    // An id becomes a path: only the form we give out.
    if !id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') || id.is_empty() {
        return Ok(None);
    }
    match fs::read(dir.join(format!("{id}.{SUFFIX}"))) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let (summary, body) = (summary(id, &text), text::text_part(&text));
            Ok(Some(Mail { summary, body, raw: bytes }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder mail is put into.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    dir: PathBuf,
    _claim: Arc<Claim>,
}

impl Sink {
    pub(crate) fn open(dir: &Path) -> Result<Self, EngineError> {
        let claim = format::claim(dir, FORMAT)?;
        for entry in fs::read_dir(dir).map_err(EngineError::io("cannot list", dir))? {
            let path = entry.map_err(EngineError::io("cannot list", dir))?.path();
            if path.extension().is_some_and(|end| end == "new") {
                fs::remove_file(&path).map_err(EngineError::io("cannot remove", &path))?;
            }
        }
        Ok(Self { dir: dir.to_path_buf(), _claim: Arc::new(claim) })
    }

    /// Keeps a message under `id`; when this returns it survives a power cut.
    /// Blocking.
    pub(crate) fn put(&self, id: &str, message: &[u8]) -> io::Result<()> {
        let unfinished = self.dir.join(format!("{id}.new"));
        let result = self.put_by_way_of(&unfinished, id, message);
        if result.is_err() {
            // The disk may be full; half a message must not stay.
            let _ = fs::remove_file(&unfinished);
        }
        result
    }

    fn put_by_way_of(&self, unfinished: &Path, id: &str, message: &[u8]) -> io::Result<()> {
        let mut file = format::create_private_file(unfinished)?;
        file.write_all(message)?;
        file.sync_all()?;
        fs::rename(unfinished, self.dir.join(format!("{id}.{SUFFIX}")))?;
        format::sync_dir(&self.dir)
    }
}

fn summary(id: &str, text: &str) -> MailSummary {
    let header = |name: &str| unfolded_header(text, name).unwrap_or_default();
    MailSummary {
        id: id.to_owned(),
        date: header("date"),
        from: header("from"),
        to: header("to"),
        subject: crate::ses::decode_words(&header("subject")),
    }
}

/// The value of a header, its continuation lines joined.
pub(crate) fn unfolded_header(text: &str, name: &str) -> Option<String> {
    let mut value: Option<String> = None;
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if let Some(found) = &mut value {
            if !line.starts_with([' ', '\t']) {
                break;
            }
            found.push(' ');
            found.push_str(line.trim());
        } else if let Some((header, rest)) = line.split_once(':')
            && header.eq_ignore_ascii_case(name)
        {
            value = Some(rest.trim().to_owned());
        }
    }
    value
}
