use super::Checks;
use crate::values::{Certificate, FilePath};

impl Checks<'_> {
    pub(super) fn local(&mut self) {
        let path = "local.certificate_key";
        let Some(Some(_)) = self.settings.get::<Option<FilePath>>(path) else { return };
        let certificate = self.settings.get::<Option<Certificate>>("entry.certificate").flatten();
        if self.settings.is_local() != Some(true)
            || self.settings.is_broken("entry.certificate")
            || matches!(certificate, Some(Certificate::File(_)))
        {
            return;
        }
        let message =
            format!("`{path}` needs `entry.certificate` with the path of the key's certificate");
        let hint =
            "write `entry: { certificate: … }` with the path of a PEM file, or remove the key";
        self.conflict(path, &["entry.certificate"], message, hint);
    }
}
