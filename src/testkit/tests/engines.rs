//! The engines a test starts answer every service through one configuration.

use aws_sdk_dynamodb::types::AttributeValue;
use testkit::Engines;

#[tokio::test]
async fn one_configuration_reaches_every_service() {
    let engines = Engines::start().await;
    let config = engines.sdk_config();

    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    dynamodb
        .put_item()
        .table_name(engines.table())
        .item("pk", AttributeValue::S("a".to_owned()))
        .item("sk", AttributeValue::S("b".to_owned()))
        .send()
        .await
        .unwrap();

    let s3_config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(s3_config);
    s3.put_object()
        .bucket(engines.bucket())
        .key("s/sp1/x.1")
        .body(b"hello".to_vec().into())
        .send()
        .await
        .unwrap();

    let sts = aws_sdk_sts::Client::new(&config);
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some("000000000000"));
    engines.stop().await.unwrap();
}
