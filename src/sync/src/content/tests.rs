use protocol::upload::TemporaryCredential;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A store that answers every request in the same way.
async fn store(answer: &'static str) -> S3Content {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 16 * 1024];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    S3Content::new(&ContentAccess {
        bucket: "bucket".to_owned(),
        prefix: String::new(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint),
        path_style: true,
        credential: TemporaryCredential {
            access_key_id: "id".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: "token".to_owned(),
            expires_at: "2100-01-01T00:00:00Z".to_owned(),
        },
    })
}

#[tokio::test]
async fn a_full_store_is_called_full() {
    let store = store(
        "HTTP/1.1 507 Insufficient Storage\r\nconnection: close\r\ncontent-length: 41\r\n\r\n\
         <Error><Code>InsufficientStorage</Code></",
    );
    let bytes = Bytes::from_static(b"1");
    let put = store.await.put("key", &ContentHash::of(&bytes), bytes).await;
    let Err(error @ ContentError::Full) = put else { panic!("{put:?}") };
    assert!(error.to_string().contains("is full"), "{error}");
}
