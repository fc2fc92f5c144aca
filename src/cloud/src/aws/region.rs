use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, LocationType};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;

use super::absent::OrAbsent as _;
use super::{Aws, failure, mail};
use crate::region::{
    Caller, CertificateState, DnsRecord, ImageFacts, MailAccount, MailIdentityState, Region,
};
use crate::{Reason, Result};

#[async_trait]
impl Region for Aws {
    fn region(&self) -> &str {
        &self.region
    }

    async fn caller(&self) -> Result<Caller> {
        let call = self.sts.get_caller_identity().send().await;
        let answer = call.map_err(failure::of("sts", "GetCallerIdentity"))?;
        let missing = |what| failure::incomplete("sts", "GetCallerIdentity", what);
        let account = answer.account.ok_or_else(|| missing("account"))?;
        let account = self.account.get_or_init(|| account).clone();
        let arn = answer.arn.ok_or_else(|| missing("ARN"))?;
        Ok(Caller { account, arn, expires: self.credentials_end().await })
    }

    async fn is_opted_in(&self) -> Result<bool> {
        let call = self.ec2.describe_regions().region_names(&self.region).all_regions(true);
        let answer = call.send().await.map_err(failure::of("ec2", "DescribeRegions"))?;
        let region = answer.regions.unwrap_or_default().into_iter().next();
        let status = region.and_then(|region| region.opt_in_status);
        Ok(status.as_deref() != Some("not-opted-in"))
    }

    async fn zones_offering(&self, instance_type: &str) -> Result<Vec<String>> {
        let offerings = self
            .ec2
            .describe_instance_type_offerings()
            .location_type(LocationType::AvailabilityZone)
            .filters(filter("instance-type", instance_type))
            .into_paginator()
            .items()
            .send();
        // Local zones offer instances too, and no load balancer spans them.
        let zones = self
            .ec2
            .describe_availability_zones()
            .filters(filter("zone-type", "availability-zone"))
            .filters(filter("state", "available"))
            .send();
        let zones = zones.await.map_err(failure::of("ec2", "DescribeAvailabilityZones"))?;
        let usable: Vec<String> = zones
            .availability_zones
            .unwrap_or_default()
            .into_iter()
            .filter_map(|it| it.zone_name)
            .collect();
        let offerings: Result<Vec<_>, _> = offerings.collect().await;
        let offerings = offerings.map_err(failure::of("ec2", "DescribeInstanceTypeOfferings"))?;
        let mut offering: Vec<String> = offerings
            .into_iter()
            .filter(|it| it.instance_type.as_ref().is_none_or(|it| it.as_str() == instance_type))
            .filter_map(|it| it.location)
            .filter(|zone| usable.contains(zone))
            .collect();
        offering.sort();
        offering.dedup();
        Ok(offering)
    }

    async fn image_of_parameter(&self, parameter: &str) -> Result<String> {
        let call = self.ssm.get_parameter().name(parameter).send().await;
        let answer = call.map_err(failure::of("ssm", "GetParameter"))?;
        let value = answer.parameter.and_then(|parameter| parameter.value);
        value.ok_or_else(|| failure::incomplete("ssm", "GetParameter", "value"))
    }

    async fn image(&self, id: &str) -> Result<Option<ImageFacts>> {
        let call = self.ec2.describe_images().image_ids(id).send().await;
        let answer = call.map_err(failure::of("ec2", "DescribeImages")).or_absent()?;
        let image = answer.and_then(|answer| answer.images.unwrap_or_default().into_iter().next());
        Ok(image.map(|image| ImageFacts {
            id: image.image_id.unwrap_or_default(),
            architecture: image.architecture.map_or_else(String::new, |it| it.as_str().to_owned()),
            name: image.name,
            state: image.state.map_or_else(String::new, |it| it.as_str().to_owned()),
        }))
    }

    async fn has_endpoint_service(&self, service: &str) -> Result<bool> {
        let call =
            self.ec2.describe_vpc_endpoint_services().filters(filter("service-name", service));
        let answer = call.send().await.map_err(failure::of("ec2", "DescribeVpcEndpointServices"));
        Ok(answer
            .or_absent()?
            .is_some_and(|answer| answer.service_names().iter().any(|it| it == service)))
    }

    async fn quota(&self, service: &str, code: &str) -> Result<Option<f64>> {
        let call =
            self.quotas.get_service_quota().service_code(service).quota_code(code).send().await;
        let answer = call.map_err(failure::of("servicequotas", "GetServiceQuota")).or_absent()?;
        Ok(answer.and_then(|answer| answer.quota).and_then(|quota| quota.value))
    }

    async fn running_vcpus(&self) -> Result<u32> {
        let states =
            Filter::builder().name("instance-state-name").values("pending").values("running");
        let pages =
            self.ec2.describe_instances().filters(states.build()).into_paginator().items().send();
        let found: Result<Vec<_>, _> = pages.collect().await;
        let reservations = found.map_err(failure::of("ec2", "DescribeInstances"))?;
        let instances = reservations.into_iter().flat_map(|it| it.instances.unwrap_or_default());
        let standard = instances.filter(|it| it.instance_lifecycle.is_none()).filter(|instance| {
            let family = instance.instance_type.as_ref().and_then(|it| it.as_str().chars().next());
            family.is_some_and(|letter| STANDARD.contains(letter))
        });
        let processors = standard.filter_map(|instance| instance.cpu_options).map(|options| {
            let (cores, threads) =
                (options.core_count.unwrap_or(1), options.threads_per_core.unwrap_or(1));
            u32::try_from(cores.saturating_mul(threads)).unwrap_or_default()
        });
        Ok(processors.sum())
    }

    async fn vpcs(&self) -> Result<u32> {
        let found: Result<Vec<_>, _> =
            self.ec2.describe_vpcs().into_paginator().items().send().collect().await;
        Ok(count(found.map_err(failure::of("ec2", "DescribeVpcs"))?.len()))
    }

    async fn load_balancers(&self) -> Result<u32> {
        let pages = self.elb.describe_load_balancers().into_paginator().items().send();
        let found: Result<Vec<_>, _> = pages.collect().await;
        let found = found.map_err(failure::of("elasticloadbalancing", "DescribeLoadBalancers"))?;
        let is_application =
            |it: &Option<LoadBalancerTypeEnum>| *it == Some(LoadBalancerTypeEnum::Application);
        Ok(count(found.iter().filter(|it| is_application(&it.r#type)).count()))
    }

    async fn certificate(&self, arn: &str) -> Result<Option<CertificateState>> {
        let call = self.acm.describe_certificate().certificate_arn(arn).send().await;
        let answer = call.map_err(failure::of("acm", "DescribeCertificate")).or_absent()?;
        let Some(found) = answer.and_then(|answer| answer.certificate) else { return Ok(None) };
        let records = found.domain_validation_options.unwrap_or_default().into_iter();
        let records = records.filter_map(|it| it.resource_record).map(|record| DnsRecord {
            name: record.name,
            kind: record.r#type.as_str().to_owned(),
            value: record.value,
        });
        let mut names = found.subject_alternative_names.unwrap_or_default();
        names.extend(found.domain_name);
        names.sort();
        names.dedup();
        Ok(Some(CertificateState {
            status: found.status.map_or_else(String::new, |it| it.as_str().to_owned()),
            names,
            records: records.collect(),
        }))
    }

    async fn mail_account(&self) -> Result<MailAccount> {
        mail::account(&self.ses).await
    }

    async fn mail_identity(&self, identity: &str) -> Result<Option<MailIdentityState>> {
        match mail::identity(&self.ses, identity).await {
            Err(error) if error.reason == Reason::NotFound => Ok(None),
            found => found.map(Some),
        }
    }
}

/// First letters of the families that the quota of standard instances counts
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits>).
const STANDARD: &str = "acdhimrtz";

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
