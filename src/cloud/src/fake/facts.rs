use std::collections::{BTreeMap, BTreeSet};

use crate::{CertificateState, ImageFacts, MailAccount, MailIdentityState};

/// The account and the Region.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Name of the Region.
    pub region: String,
    /// Account id.
    pub account: String,
    /// Whether the account has the Region switched on.
    pub is_opted_in: bool,
    /// Zones, which offer every instance type.
    pub zones: Vec<String>,
    /// The image behind every public parameter.
    pub image: String,
    /// Images by id.
    pub images: BTreeMap<String, ImageFacts>,
    /// Private endpoint services that there are.
    pub endpoint_services: BTreeSet<String>,
    /// Quotas by code; Service Quotas does not know the others.
    pub quotas: BTreeMap<String, f64>,
    /// Virtual processors that run.
    pub running_vcpus: u32,
    /// VPCs that there are.
    pub vpcs: u32,
    /// Load balancers that there are.
    pub load_balancers: u32,
    /// Certificates by ARN.
    pub certificates: BTreeMap<String, CertificateState>,
    /// What SES lets the account do.
    pub mail_account: MailAccount,
    /// Mail identities.
    pub mail_identities: BTreeMap<String, MailIdentityState>,
}

impl Default for Facts {
    /// An account in which nothing stands in the way.
    fn default() -> Self {
        let region = "eu-west-1";
        let mail_account =
            MailAccount { has_production_access: true, can_send: true, daily_quota: 50_000 };
        Self {
            region: region.to_owned(),
            account: "123456789012".to_owned(),
            is_opted_in: true,
            zones: ["a", "b", "c"].map(|letter| format!("{region}{letter}")).to_vec(),
            image: "ami-0123456789abcdef0".to_owned(),
            images: BTreeMap::new(),
            endpoint_services: BTreeSet::new(),
            quotas: BTreeMap::new(),
            running_vcpus: 0,
            vpcs: 1,
            load_balancers: 0,
            certificates: BTreeMap::new(),
            mail_account,
            mail_identities: BTreeMap::new(),
        }
    }
}
