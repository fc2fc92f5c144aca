//! What is wrong with a commit whatever the space looks like.

use std::collections::HashSet;

use protocol::commit::{Content, MAX_COMMIT_COST, MAX_EXTENTS, Op};
use protocol::hash::ContentHash;

use crate::error::{Result, StoreError, invalid};

pub(super) fn check(ops: &[Op]) -> Result<()> {
    if ops.is_empty() {
        return Err(invalid("a commit needs at least one operation"));
    }
    let cost: usize = ops.iter().map(Op::cost).sum();
    if cost > MAX_COMMIT_COST {
        return Err(StoreError::TooLarge(format!(
            "the operations cost {cost}, a commit takes {MAX_COMMIT_COST}; split it"
        )));
    }
    let mut files = HashSet::new();
    for op in ops {
        if op.file().is_root() {
            return Err(invalid("the root directory can't be changed"));
        }
        if !files.insert(op.file()) {
            let message = format!("file {} has two operations in one commit", op.file());
            return Err(invalid(message));
        }
        if let Some(content) = op.content() {
            check_content(content)?;
        }
    }
    Ok(())
}

fn check_content(content: &Content) -> Result<()> {
    if content.extents.len() > MAX_EXTENTS {
        let message = format!("a file has at most {MAX_EXTENTS} extents");
        return Err(StoreError::TooLarge(message));
    }
    let mut size = 0_u64;
    for extent in &content.extents {
        if extent.length == 0 {
            return Err(invalid("an extent has at least one byte"));
        }
        let sum = size.checked_add(extent.length);
        size = sum.ok_or_else(|| invalid("the extents are longer than any file"))?;
    }
    if size != content.size {
        let message = format!("the extents hold {size} bytes, the file {}", content.size);
        return Err(invalid(message));
    }
    if size == 0 && content.hash != ContentHash::of(b"") {
        return Err(invalid("an empty file has the digest of nothing"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use protocol::commit::{Extent, Meta};

    use super::*;

    fn delete(file: &str) -> Op {
        Op::Delete { file: file.parse().unwrap(), base: 1 }
    }

    fn edit(size: u64, lengths: &[u64]) -> Op {
        let extent =
            |length: &u64| Extent { chunk: ContentHash::of(b"c"), offset: 0, length: *length };
        Op::Edit {
            file: "f".parse().unwrap(),
            base: 1,
            content: Content {
                hash: ContentHash::of(b"x"),
                size,
                extents: lengths.iter().map(extent).collect(),
            },
            meta: Meta::default(),
        }
    }

    #[test]
    fn senseless_commits_are_refused() {
        for ops in [
            vec![],
            vec![delete("root")],
            vec![delete("a"), delete("a")],
            vec![edit(3, &[1, 1])],
            vec![edit(1, &[1, 0])],
            vec![edit(u64::MAX, &[u64::MAX, 1])],
            vec![edit(0, &[])],
        ] {
            assert!(matches!(check(&ops), Err(StoreError::InvalidRequest(_))), "{ops:?}");
        }
        assert!(check(&[delete("a"), edit(3, &[1, 2])]).is_ok());
    }

    #[test]
    fn the_cost_is_limited() {
        let ops: Vec<Op> = (0..48).map(|n| delete(&format!("f{n}"))).collect();
        assert!(matches!(check(&ops), Err(StoreError::TooLarge(_))));
        assert!(check(&ops[..47]).is_ok());
    }
}
