/// A message as the mail service takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// RFC 8058: `List-Unsubscribe` and `List-Unsubscribe-Post`.
    pub headers: Vec<(&'static str, String)>,
}
