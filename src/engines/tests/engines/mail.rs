//! Mail that is sent is a file that can be read.

use aws_sdk_sesv2::error::ProvideErrorMetadata as _;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{
    Body, Content, Destination, EmailContent, Message, MessageHeader, RawMessage,
};
use testkit::Engines;

fn words(data: &str) -> Content {
    Content::builder().data(data).build().unwrap()
}

fn simple(subject: &str, header: Option<(&str, &str)>) -> EmailContent {
    let body =
        Body::builder().text(words("Grüße\nzwei Zeilen")).html(words("<p>Grüße</p>")).build();
    let mut message = Message::builder().subject(words(subject)).body(body);
    if let Some((name, value)) = header {
        message =
            message.headers(MessageHeader::builder().name(name).value(value).build().unwrap());
    }
    EmailContent::builder().simple(message.build()).build()
}

#[tokio::test]
async fn a_message_is_listed_and_shown() {
    let engines = Engines::start().await;
    let client = aws_sdk_sesv2::Client::new(&engines.sdk_config());
    let unsubscribe = ("List-Unsubscribe", "<http://127.0.0.1:8420/u/1>");
    let sent = client
        .send_email()
        .from_email_address(format!("Sync <{}>", engines.mail_from()))
        .destination(Destination::builder().to_addresses("ann@example.org").build())
        .content(simple("3 Änderungen in Fotos", Some(unsubscribe)))
        .send()
        .await
        .unwrap();
    let id = sent.message_id().unwrap();
    let folder = engines.data_dir().join("mail");

    let list = engines::mail::list(&folder).unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].id, id);
    assert_eq!(list[0].subject, "3 Änderungen in Fotos");
    assert_eq!(list[0].to, "ann@example.org");
    let mail = engines::mail::show(&folder, id).unwrap().unwrap();
    assert_eq!(mail.body.as_deref(), Some("Grüße\nzwei Zeilen\n"));
    let raw = String::from_utf8(mail.raw).unwrap();
    assert!(raw.contains("Grüße\r\nzwei Zeilen"));
    assert!(raw.contains("List-Unsubscribe: <http://127.0.0.1:8420/u/1>\r\n"));
    assert_eq!(engines::mail::show(&folder, "../format").unwrap(), None);
    assert_eq!(engines::mail::show(&folder, "0-0").unwrap(), None);

    let mode = std::os::unix::fs::PermissionsExt::mode(
        &folder.join(format!("{id}.eml")).metadata().unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn only_the_identity_sends() {
    let engines = Engines::start().await;
    let client = aws_sdk_sesv2::Client::new(&engines.sdk_config());
    let send = |from: &str, content: EmailContent| {
        client
            .send_email()
            .from_email_address(from)
            .destination(Destination::builder().to_addresses("ann@example.org").build())
            .content(content)
            .send()
    };
    let stranger = send("boss@example.org", simple("Hi", None)).await.unwrap_err();
    assert!(stranger.into_service_error().is_message_rejected());
    let forged = Blob::new("From: boss@example.org\r\nTo: a@b.c\r\n\r\nHi\r\n");
    let raw = RawMessage::builder().data(forged).build().unwrap();
    let raw = EmailContent::builder().raw(raw).build();
    let hidden = send(engines.mail_from(), raw).await.unwrap_err();
    assert!(hidden.into_service_error().is_message_rejected());

    let broken = simple("Hi\r\nBcc: all@example.org", None);
    let injected = send(engines.mail_from(), broken).await.unwrap_err().into_service_error();
    assert!(injected.is_bad_request_exception());
    let header = simple("Hi", Some(("X-A", "b\r\nBcc: all@example.org")));
    let injected = send(engines.mail_from(), header).await.unwrap_err().into_service_error();
    assert!(injected.is_bad_request_exception());
    assert_eq!(engines::mail::list(&engines.data_dir().join("mail")).unwrap(), []);

    client.get_email_identity().email_identity(engines.mail_from()).send().await.unwrap();
    let unknown = client.get_email_identity().email_identity("example.org").send().await;
    assert_eq!(unknown.unwrap_err().into_service_error().code(), Some("NotFoundException"));
    client.get_account().send().await.unwrap();
}
