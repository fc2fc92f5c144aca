/// What the embedded DynamoDB understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    BatchGetItem,
    BatchWriteItem,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    GetItem,
    ListTables,
    PutItem,
    Query,
    Scan,
    TransactGetItems,
    TransactWriteItems,
    UpdateItem,
    UpdateTimeToLive,
}

impl Operation {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "BatchGetItem" => Self::BatchGetItem,
            "BatchWriteItem" => Self::BatchWriteItem,
            "CreateTable" => Self::CreateTable,
            "DeleteItem" => Self::DeleteItem,
            "DeleteTable" => Self::DeleteTable,
            "DescribeTable" => Self::DescribeTable,
            "DescribeTimeToLive" => Self::DescribeTimeToLive,
            "GetItem" => Self::GetItem,
            "ListTables" => Self::ListTables,
            "PutItem" => Self::PutItem,
            "Query" => Self::Query,
            "Scan" => Self::Scan,
            "TransactGetItems" => Self::TransactGetItems,
            "TransactWriteItems" => Self::TransactWriteItems,
            "UpdateItem" => Self::UpdateItem,
            "UpdateTimeToLive" => Self::UpdateTimeToLive,
            _ => return None,
        })
    }

    /// Single reads, which need no turn behind the writers. A transactional
    /// read is not among them: it must see one state of all its items.
    pub(super) fn reads_only(self) -> bool {
        matches!(self, Self::BatchGetItem | Self::GetItem | Self::Query | Self::Scan)
    }

    /// Whether it writes rows.
    pub(super) fn may_grow(self) -> bool {
        matches!(
            self,
            Self::BatchWriteItem
                | Self::CreateTable
                | Self::PutItem
                | Self::TransactWriteItems
                | Self::UpdateItem
        )
    }

    pub(super) fn changes_tables(self) -> bool {
        matches!(self, Self::CreateTable | Self::DeleteTable | Self::UpdateTimeToLive)
    }
}
