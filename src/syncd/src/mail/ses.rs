//! The one place that knows SES.

use std::time::Duration;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{BuildError, DisplayErrorContext, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{
    Body, Content, Destination, EmailContent, Message as SesMessage, MessageHeader,
};

use super::message::Message;

/// How long sending one message may take, retries of the SDK included.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends messages from one address.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: String,
    public_url: String,
}

/// Why a message did not go out, by what is to be done about it.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Slow down: it says nothing about this message.
    #[error("the mail service asks to slow down")]
    Throttled,
    /// This message will never go out.
    #[error("the mail service refuses the message: {0}")]
    Refused(String),
    /// Try again.
    #[error("the mail service is in doubt: {0}")]
    Unavailable(String),
}

impl Mailer {
    /// `public_url` starts every link and has no trailing slash.
    pub fn new(client: Client, from: impl Into<String>, public_url: impl Into<String>) -> Self {
        Self { client, from: from.into(), public_url: public_url.into() }
    }

    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// # Errors
    /// [`SendError`] says whether sending it again can help.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let content = content(message).map_err(|error| SendError::Refused(error.to_string()))?;
        let send = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&message.to).build())
            .content(content)
            .send();
        match tokio::time::timeout(PATIENCE, send).await {
            Ok(sent) => sent.map(drop).map_err(|error| classify(&error)),
            Err(_elapsed) => Err(SendError::Unavailable("it did not answer in time".to_owned())),
        }
    }
}

fn content(message: &Message) -> Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(utf8(&message.text)?).html(utf8(&message.html)?).build();
    let mut simple = SesMessage::builder().subject(utf8(&message.subject)?).body(body);
    for (name, value) in &message.headers {
        simple = simple.headers(MessageHeader::builder().name(*name).value(value).build()?);
    }
    Ok(EmailContent::builder().simple(simple.build()).build())
}

fn classify(error: &SdkError<SendEmailError>) -> SendError {
    let text = DisplayErrorContext(error).to_string();
    match error.as_service_error() {
        Some(
            SendEmailError::TooManyRequestsException(_) | SendEmailError::LimitExceededException(_),
        ) => SendError::Throttled,
        Some(SendEmailError::BadRequestException(_) | SendEmailError::MessageRejected(_)) => {
            SendError::Refused(text)
        }
        // A paused or unverified sender is a matter for the operator; the mail can wait.
        _ => SendError::Unavailable(text),
    }
}
