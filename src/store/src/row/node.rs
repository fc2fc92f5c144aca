//! Nodes (files and directories as they are now) and the name claims that keep siblings unique.

use protocol::commit::Meta;
use protocol::file::{Node, NodeKind};
use protocol::id::{FileId, SpaceId};

use super::{Fields, Key, Row, RowError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeRow {
    pub(crate) space: SpaceId,
    pub(crate) node: Node,
}

impl NodeRow {
    pub(crate) fn partition(space: &SpaceId, file: &FileId) -> String {
        format!("F#{space}#{file}")
    }

    pub(crate) fn key_of(space: &SpaceId, file: &FileId) -> Key {
        Key::new(Self::partition(space, file), "CUR")
    }
}

impl Row for NodeRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space, &self.node.file)
    }

    fn write(&self, fields: &mut Fields) {
        let node = &self.node;
        let kind = match node.kind {
            NodeKind::File => "file",
            NodeKind::Directory => "directory",
        };
        fields
            .set("parent", &node.parent)
            .set("name", &node.name)
            .set("kind", kind)
            .set_number("rev", node.rev)
            .set_number("content_rev", node.content_rev)
            .set_some("hash", node.hash)
            .set_number("size", node.size)
            .set_flag("executable", node.meta.executable)
            .set_flag("deleted", node.deleted);
        if let Some(mtime) = node.meta.mtime_ns {
            fields.set_number("mtime_ns", mtime);
        }
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let (space, file) = fields.key_pair("F#")?;
        let kind = match fields.text("kind") {
            Some("file") => NodeKind::File,
            Some("directory") => NodeKind::Directory,
            _ => return Err(fields.error("kind")),
        };
        let node = Node {
            file,
            parent: fields.get("parent")?,
            name: fields.get("name")?,
            kind,
            rev: fields.number("rev")?,
            content_rev: fields.number("content_rev")?,
            hash: fields.maybe("hash")?,
            size: fields.number("size")?,
            meta: Meta {
                mtime_ns: fields.maybe_number("mtime_ns")?,
                executable: fields.flag("executable")?,
            },
            deleted: fields.flag("deleted")?,
        };
        Ok(Self { space, node })
    }
}

/// `pk` `D#space#parent`, `sk` the name's key: who holds that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimRow {
    pub(crate) space: SpaceId,
    pub(crate) parent: FileId,
    pub(crate) name_key: String,
    pub(crate) file: FileId,
}

impl ClaimRow {
    pub(crate) fn partition(space: &SpaceId, parent: &FileId) -> String {
        format!("D#{space}#{parent}")
    }

    pub(crate) fn key_of(space: &SpaceId, parent: &FileId, name_key: &str) -> Key {
        Key::new(Self::partition(space, parent), name_key)
    }
}

impl Row for ClaimRow {
    fn key(&self) -> Key {
        Self::key_of(&self.space, &self.parent, &self.name_key)
    }

    fn write(&self, fields: &mut Fields) {
        fields.set("file", &self.file);
    }

    fn read(fields: &Fields) -> Result<Self, RowError> {
        let (space, parent) = fields.key_pair("D#")?;
        Ok(Self { space, parent, name_key: fields.key_part("sk", "")?, file: fields.get("file")? })
    }
}
