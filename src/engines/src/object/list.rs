use std::ops::Bound;

use super::{Meta, ObjectStore, Opened, StoreError};

/// One page of a listing.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Meta>,
    pub(crate) common_prefixes: Vec<String>,
    /// Where the next page starts, if there is one: after this key or prefix.
    pub(crate) next: Option<String>,
}

enum Entry {
    Key(String),
    Prefix(String),
}

impl ObjectStore {
    /// Up to `limit` keys below `prefix` that follow `after`, in byte order;
    /// keys that share a start up to `delimiter` are folded. Blocking.
    pub(crate) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        after: &str,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let place = self.bucket(bucket)?;
        let entries = place.with_keys(|keys| {
            let mut entries: Vec<Entry> = Vec::new();
            let from =
                if after >= prefix { Bound::Excluded(after) } else { Bound::Included(prefix) };
            let mut folded: Option<String> = None;
            for key in keys.range::<str, _>((from, Bound::Unbounded)) {
                let Some(rest) = key.strip_prefix(prefix) else {
                    break;
                };
                if folded.as_ref().is_some_and(|start| key.starts_with(start)) {
                    continue;
                }
                let cut = delimiter
                    .filter(|delimiter| !delimiter.is_empty())
                    .and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
                let entry = match cut {
                    Some(cut) => {
                        let start = key[..prefix.len() + cut].to_owned();
                        folded = Some(start.clone());
                        // The page before ended with this very prefix.
                        if after.starts_with(&start) {
                            continue;
                        }
                        Entry::Prefix(start)
                    }
                    None => Entry::Key(key.clone()),
                };
                entries.push(entry);
                if entries.len() > limit {
                    break;
                }
            }
            entries
        })?;
        let mut page = Page::default();
        let more = entries.len() > limit;
        for entry in entries.into_iter().take(limit) {
            match entry {
                Entry::Prefix(start) => {
                    page.next = Some(start.clone());
                    page.common_prefixes.push(start);
                }
                Entry::Key(key) => {
                    page.next = Some(key.clone());
                    match Opened::open(&place.path_of(&key), &key) {
                        Ok(opened) => page.objects.push(opened.meta),
                        // Deleted since the names were read.
                        Err(StoreError::NoSuchKey(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        if !more {
            page.next = None;
        }
        Ok(page)
    }
}
