use async_trait::async_trait;

use super::Fake;
use crate::{Caller, CertificateState, ImageFacts, MailAccount, MailIdentityState, Region, Result};

#[async_trait]
impl Region for Fake {
    fn region(&self) -> &str {
        &self.region
    }

    async fn caller(&self) -> Result<Caller> {
        let account = self.world().facts.account.clone();
        let arn = format!("arn:aws:iam::{account}:user/alice");
        Ok(Caller { account, arn, expires: None })
    }

    async fn is_opted_in(&self) -> Result<bool> {
        Ok(self.world().facts.is_opted_in)
    }

    async fn zones_offering(&self, _: &str) -> Result<Vec<String>> {
        Ok(self.world().facts.zones.clone())
    }

    async fn image_of_parameter(&self, _: &str) -> Result<String> {
        Ok(self.world().facts.image.clone())
    }

    async fn image(&self, id: &str) -> Result<Option<ImageFacts>> {
        Ok(self.world().facts.images.get(id).cloned())
    }

    async fn has_endpoint_service(&self, service: &str) -> Result<bool> {
        Ok(self.world().facts.endpoint_services.contains(service))
    }

    async fn quota(&self, _: &str, code: &str) -> Result<Option<f64>> {
        Ok(self.world().facts.quotas.get(code).copied())
    }

    async fn running_vcpus(&self) -> Result<u32> {
        Ok(self.world().facts.running_vcpus)
    }

    async fn vpcs(&self) -> Result<u32> {
        Ok(self.world().facts.vpcs)
    }

    async fn load_balancers(&self) -> Result<u32> {
        Ok(self.world().facts.load_balancers)
    }

    async fn certificate(&self, arn: &str) -> Result<Option<CertificateState>> {
        Ok(self.world().facts.certificates.get(arn).cloned())
    }

    async fn mail_account(&self) -> Result<MailAccount> {
        Ok(self.world().facts.mail_account.clone())
    }

    async fn mail_identity(&self, identity: &str) -> Result<Option<MailIdentityState>> {
        Ok(self.world().facts.mail_identities.get(identity).cloned())
    }
}
