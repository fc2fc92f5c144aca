//! DynamoDB: transactions, their reasons, and who gets in.

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};
use testkit::Engines;

use crate::ground::{assume, dynamodb};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn put(table: &str, sk: &str, condition: Option<&str>) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(table)
        .item("pk", text("J#sp1"))
        .item("sk", text(sk))
        .set_condition_expression(condition.map(ToOwned::to_owned))
        .build()
        .unwrap();
    TransactWriteItem::builder().put(put).build()
}

#[tokio::test]
async fn a_cancelled_transaction_says_which_item_and_why() {
    let engines = Engines::start().await;
    let client = dynamodb(&engines);
    let table = engines.table();
    let absent = Some("attribute_not_exists(pk)");
    let first = client.transact_write_items().transact_items(put(table, "1", absent));
    first.send().await.unwrap();

    let check = ConditionCheck::builder()
        .table_name(table)
        .key("pk", text("S#1"))
        .key("sk", text("-"))
        .condition_expression("attribute_exists(pk)")
        .build()
        .unwrap();
    let error = client
        .transact_write_items()
        .transact_items(put(table, "2", absent))
        .transact_items(put(table, "1", absent))
        .transact_items(TransactWriteItem::builder().condition_check(check).build())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        panic!("{error:?}");
    };
    let codes: Vec<_> = cancelled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap_or("None"))
        .collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "ConditionalCheckFailed"]);

    let rows = client
        .query()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", text("J#sp1"))
        .send()
        .await
        .unwrap();
    assert_eq!(rows.count(), 1, "nothing of a cancelled transaction stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_racing_transactions_one_takes_each_row() {
    let engines = Engines::start().await;
    let client = dynamodb(&engines);
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (client, table) = (client.clone(), engines.table().to_owned());
            tokio::spawn(async move {
                let mut won = 0;
                for seq in 0..20 {
                    let row = put(&table, &format!("{seq:09}"), Some("attribute_not_exists(pk)"));
                    let result = client.transact_write_items().transact_items(row).send().await;
                    won += i32::from(result.is_ok());
                }
                won
            })
        })
        .collect();
    let mut won = 0;
    for writer in writers {
        won += writer.await.unwrap();
    }
    assert_eq!(won, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_after_a_write_sees_it() {
    let engines = Engines::start().await;
    let client = dynamodb(&engines);
    for number in 0..50 {
        let sk = format!("{number:03}");
        let row = put(engines.table(), &sk, None);
        client.transact_write_items().transact_items(row).send().await.unwrap();
        let found = client
            .get_item()
            .table_name(engines.table())
            .key("pk", text("J#sp1"))
            .key("sk", text(&sk))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        assert!(found.item().is_some(), "row {sk}");
    }
}

#[tokio::test]
async fn a_table_made_again_is_empty() {
    let engines = Engines::start().await;
    let client = dynamodb(&engines);
    let table = engines.table();
    let described = client.describe_time_to_live().table_name(table).send().await.unwrap();
    let expiry = described.time_to_live_description().unwrap();
    assert_eq!(expiry.attribute_name(), Some("expires_at"));

    client.transact_write_items().transact_items(put(table, "1", None)).send().await.unwrap();
    client.delete_table().table_name(table).send().await.unwrap();
    let scan = client.scan().table_name(table).send().await.unwrap_err();
    assert!(scan.into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn nobody_reads_metadata_without_the_root_secret() {
    let engines = Engines::start().await;
    let http = reqwest::Client::new();
    let unsigned = http
        .post(engines.api_endpoint())
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .header("content-type", "application/x-amz-json-1.0")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(unsigned.status(), 400);
    let body = unsigned.text().await.unwrap();
    assert!(body.contains("MissingAuthenticationToken"), "{body}");

    let root = engines.root_credentials();
    let guess =
        aws_credential_types::Credentials::new(root.access_key_id(), "guess", None, None, "test");
    let temporary = assume(&engines, engines.writer_role(), "sp1").await;
    for (credentials, expected) in
        [(guess, "InvalidSignatureException"), (temporary, "UnrecognizedClientException")]
    {
        let client = aws_sdk_dynamodb::Client::new(&engines.sdk_config_as(credentials));
        let error = client.list_tables().send().await.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some(expected));
    }
}
