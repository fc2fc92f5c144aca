//! A certificate for this machine alone, from an authority of its own.
//!
//! Clients trust the authority, whose file stays the same for ten years; the certificate is renewed
//! without anybody's doing. The authority is limited to this machine's addresses: whoever gets hold
//! of its key can pretend to be nobody else.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use serde::{Deserialize, Serialize};

use crate::data::DataDir;
use crate::data::files::{Durability, read_json, write_atomic, write_json};
use crate::error::{LocalError, Result};

const AUTHORITY_YEARS: i16 = 10;
/// Browsers take none for longer than 398 days.
const DAYS: i64 = 365;
/// Renewed this long before its end.
const RENEW_DAYS: i64 = 30;

/// The files below the data directory, all of mode 0600.
pub(super) struct SelfMade {
    folder: PathBuf,
    listen: IpAddr,
}

/// What the files hold, so that nobody has to read certificates.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    address: IpAddr,
    authority_until: Date,
    certificate_until: Date,
}

impl SelfMade {
    pub(super) fn new(data: &DataDir, listen: IpAddr) -> Self {
        Self { folder: data.tls_dir(), listen }
    }

    /// Certificate and private key in one file.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.join("tls.pem")
    }

    /// Makes what is missing, about to end, or for another address.
    pub(super) fn ensure(&self) -> Result<()> {
        self.ensure_on(Timestamp::now().to_zoned(TimeZone::UTC).date())
    }

    fn ensure_on(&self, today: Date) -> Result<()> {
        let note = self.folder.join("tls.json");
        let soon = today.saturating_add(RENEW_DAYS.days());
        let made: Option<Made> =
            read_json(&note)?.filter(|made: &Made| made.address == self.listen);
        if made.as_ref().is_some_and(|made| soon < made.certificate_until)
            && self.certificate().exists()
        {
            return Ok(());
        }
        // A certificate must not outlive its authority.
        let last = today.saturating_add(DAYS.days());
        let authority_until = match made {
            Some(made) if last < made.authority_until && self.authority_key().exists() => {
                made.authority_until
            }
            _ => self.make_authority(today)?,
        };
        self.make_certificate(today, last, authority_until)?;
        let made = Made { address: self.listen, authority_until, certificate_until: last };
        write_json(&note, &made, Durability::Disk)
    }

    fn authority_key(&self) -> PathBuf {
        self.folder.join("tls-authority-key.pem")
    }

    fn make_authority(&self, today: Date) -> Result<Date> {
        let until = today.saturating_add(AUTHORITY_YEARS.years());
        let key = KeyPair::generate().map_err(|error| self.failed(&error))?;
        let certificate =
            self.authority(today, until).self_signed(&key).map_err(|error| self.failed(&error))?;
        write_atomic(&self.authority_key(), key.serialize_pem().as_bytes(), Durability::Disk)?;
        let path = self.folder.join(DataDir::AUTHORITY);
        write_atomic(&path, certificate.pem().as_bytes(), Durability::Disk)?;
        Ok(until)
    }

    fn authority(&self, today: Date, until: Date) -> CertificateParams {
        let mut all = valid(today, until);
        all.distinguished_name.push(DnType::CommonName, "syncctl on this machine");
        all.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        all.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let mut permitted = vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                Ipv6Addr::LOCALHOST.octets(),
                128,
            )),
        ];
        if let Some(address) = self.further_address() {
            let length = if address.is_ipv4() { 32 } else { 128 };
            permitted
                .push(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, length)));
        }
        all.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
        all
    }

    fn make_certificate(&self, today: Date, last: Date, authority_until: Date) -> Result<()> {
        let path = self.authority_key();
        let text =
            std::fs::read_to_string(&path).map_err(|error| LocalError::io("read", &path, error))?;
        let authority_key = KeyPair::from_pem(&text).map_err(|error| self.failed(&error))?;
        let authority = self.authority(today, authority_until);
        let issuer = Issuer::from_params(&authority, &authority_key);
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        names.extend(self.further_address().map(|address| address.to_string()));
        let mut all = CertificateParams::new(names).map_err(|error| self.failed(&error))?;
        let dates = valid(today, last);
        (all.not_before, all.not_after) = (dates.not_before, dates.not_after);
        all.distinguished_name = dates.distinguished_name;
        all.distinguished_name.push(DnType::CommonName, "sync service on this machine");
        all.use_authority_key_identifier_extension = true;
        all.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        all.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(|error| self.failed(&error))?;
        let certificate = all.signed_by(&key, &issuer).map_err(|error| self.failed(&error))?;
        let text = format!("{}{}", certificate.pem(), key.serialize_pem());
        write_atomic(&self.certificate(), text.as_bytes(), Durability::Disk)
    }

    /// Beyond those of the loopback interface.
    fn further_address(&self) -> Option<IpAddr> {
        let address = self.listen;
        (!address.is_unspecified()
            && (!address.is_loopback()
                || (address.is_ipv4() && address.to_string() != "127.0.0.1")))
            .then_some(address)
    }

    fn failed(&self, error: &rcgen::Error) -> LocalError {
        LocalError::Certificate { path: self.certificate(), reason: error.to_string() }
    }
}

/// From the day before, for clocks that differ, to the start of the last day.
fn valid(today: Date, until: Date) -> CertificateParams {
    let mut all = CertificateParams::default();
    let day = |date: Date| {
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    all.not_before = day(today.yesterday().unwrap_or(today));
    all.not_after = day(until);
    all.distinguished_name = rcgen::DistinguishedName::new();
    all
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_certificate_is_renewed_in_time_and_its_authority_stays() {
        let folder = tempfile::tempdir().unwrap();
        let made = SelfMade { folder: folder.path().to_owned(), listen: [127, 0, 0, 1].into() };
        let files = || {
            ["tls.pem", DataDir::AUTHORITY, "tls-authority-key.pem"].map(|name| {
                let path = folder.path().join(name);
                assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
                std::fs::read_to_string(path).unwrap()
            })
        };
        made.ensure_on(date(2026, 1, 1)).unwrap();
        let first = files();
        made.ensure_on(date(2026, 11, 30)).unwrap();
        assert_eq!(files(), first, "more than a month is left");
        made.ensure_on(date(2026, 12, 3)).unwrap();
        let second = files();
        assert!(second[0] != first[0] && second[1..] == first[1..]);
        made.ensure_on(date(2035, 6, 1)).unwrap();
        assert!(files()[1] != first[1], "an authority that would end first is replaced as well");
        let other = SelfMade { listen: [192, 168, 7, 7].into(), ..made };
        other.ensure_on(date(2035, 6, 2)).unwrap();
        assert!(files()[1] != second[1], "another address needs another authority");
    }
}
