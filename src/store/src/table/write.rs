//! Writes as values, so that pure code can decide them.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};

use crate::row::{Item, Key};

/// An expression. Attributes are written `#name`, values `:name`; the alias of an attribute is
/// its own name, which keeps reserved words out of the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    text: String,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: HashMap::new() }
    }

    /// No row with this key.
    pub(crate) fn absent() -> Self {
        Self::new("attribute_not_exists(#pk)")
    }

    pub(crate) fn text(mut self, name: &str, value: impl ToString) -> Self {
        let value = AttributeValue::S(value.to_string());
        self.values.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn number(mut self, name: &str, value: impl Into<i128>) -> Self {
        let value = AttributeValue::N(value.into().to_string());
        self.values.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn flag(mut self, name: &str, value: bool) -> Self {
        self.values.insert(name.to_owned(), AttributeValue::Bool(value));
        self
    }

    pub(crate) fn into_parts(self) -> (String, Names, Item) {
        let names = names(&self.text);
        (self.text, names, self.values)
    }
}

type Names = HashMap<String, String>;

/// Every `#alias` of an expression, resolved to itself.
fn names(text: &str) -> Names {
    let aliases = text.split('#').skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    });
    aliases.map(|name| (format!("#{name}"), name.to_owned())).collect()
}

/// One item of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    Put { item: Item, condition: Option<Expression> },
    Update { key: Key, update: Expression, condition: Option<Expression> },
    Delete { key: Key, condition: Option<Expression> },
    Check { key: Key, condition: Expression },
}

impl Write {
    pub(crate) fn put(row: &impl crate::row::Row) -> Self {
        Self::Put { item: row.to_item(), condition: None }
    }

    pub(crate) fn put_if(row: &impl crate::row::Row, condition: Expression) -> Self {
        Self::Put { item: row.to_item(), condition: Some(condition) }
    }

    pub(crate) fn into_request(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let item = TransactWriteItem::builder();
        Ok(match self {
            Self::Put { item: row, condition } => {
                let (text, names, values) = split(condition);
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(row))
                    .set_condition_expression(text)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                item.put(put.build()?)
            }
            Self::Update { key, update, condition } => {
                let (update_text, mut names, mut values) = update.into_parts();
                let (text, more_names, more_values) = split(condition);
                names.extend(more_names.into_iter().flatten());
                values.extend(more_values.into_iter().flatten());
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .update_expression(update_text)
                    .set_condition_expression(text)
                    .set_expression_attribute_names(unless_empty(names))
                    .set_expression_attribute_values(unless_empty(values));
                item.update(update.build()?)
            }
            Self::Delete { key, condition } => {
                let (text, names, values) = split(condition);
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .set_condition_expression(text)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                item.delete(delete.build()?)
            }
            Self::Check { key, condition } => {
                let (text, names, values) = split(Some(condition));
                let check = ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key.into_item()))
                    .set_condition_expression(text)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                item.condition_check(check.build()?)
            }
        }
        .build())
    }
}

/// DynamoDB refuses empty maps of names or values.
fn unless_empty<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}

fn split(condition: Option<Expression>) -> (Option<String>, Option<Names>, Option<Item>) {
    match condition {
        None => (None, None, None),
        Some(expression) => {
            let (text, names, values) = expression.into_parts();
            (Some(text), unless_empty(names), unless_empty(values))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_found_in_the_text() {
        let found = names("#role = :owner OR begins_with(#sk,:x) AND #last_seq=:y");
        let mut found: Vec<_> = found.into_values().collect();
        found.sort();
        assert_eq!(found, ["last_seq", "role", "sk"]);
    }
}
