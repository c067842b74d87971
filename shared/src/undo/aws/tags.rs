//! Tags that exempt a resource, set with the resource's own call.

use super::{Properties, no_call, unclear};
use crate::aws::bucket::ask;
use crate::aws::{call, write_call};
use crate::ledger::LedgerEntry;
use crate::model::{CallError, Region, Seen};
use aws_sdk_cloudtrail::types::ResourceTag;
use aws_sdk_ec2::types::Filter;
use aws_sdk_s3::types::{Tag, Tagging};

/// Tag: its key and its value.
pub type Pair = (String, String);

impl Properties {
    /// Returns the tags of the resource of a change; none for a resource that has none.
    ///
    /// # Errors
    /// Returns an error if a call fails, or may not be made: what may not be read is not replaced.
    pub async fn tags(&self, entry: &LedgerEntry) -> Result<Vec<Pair>, CallError> {
        let region = &entry.region;
        let pair = |key: Option<&str>, value: Option<&str>| {
            (key.unwrap_or_default().to_owned(), value.unwrap_or_default().to_owned())
        };
        Ok(match entry.family.as_str() {
            "bucket" => {
                let Seen::Present(at) = self.at(&entry.subject).await? else {
                    return Err(no_call("s3:GetBucketTagging", "the bucket is gone, or is another account's"));
                };
                match ask!(at, "s3:GetBucketTagging", get_bucket_tagging)? {
                    Seen::Present(all) => {
                        all.tag_set().iter().map(|it| (it.key().to_owned(), it.value().to_owned())).collect()
                    }
                    Seen::Absent => Vec::new(),
                    Seen::Unreadable(_) | Seen::NotAsked => {
                        return Err(no_call("s3:GetBucketTagging", "the tags may not be read, so none are replaced"));
                    }
                }
            }
            "key" => {
                let list = self.kms.of(region).list_resource_tags().key_id(&entry.subject);
                let mut pages = list.into_paginator().items().send();
                let mut found = Vec::new();
                while let Some(it) = call("kms:ListResourceTags", async { pages.next().await.transpose() }).await? {
                    found.push((it.tag_key, it.tag_value));
                }
                found
            }
            "recorder" => {
                let list = self.config.of(region).list_tags_for_resource().resource_arn(self.recorder(region).await?);
                let mut pages = list.into_paginator().items().send();
                let mut found = Vec::new();
                while let Some(it) =
                    call("config:ListTagsForResource", async { pages.next().await.transpose() }).await?
                {
                    found.push(pair(it.key(), it.value()));
                }
                found
            }
            "trail" => {
                let list = self.cloudtrail.of(region).list_tags().resource_id_list(&entry.resource);
                let answer = call("cloudtrail:ListTags", Box::pin(list.send())).await?;
                let all = answer.resource_tag_list().iter().flat_map(ResourceTag::tags_list);
                all.map(|it| pair(Some(it.key()), it.value())).collect()
            }
            "transfer" => {
                let list = self.servers.of(region).list_tags_for_resource().arn(&entry.resource);
                let mut pages = list.into_paginator().items().send();
                let mut found = Vec::new();
                while let Some(it) =
                    call("transfer:ListTagsForResource", async { pages.next().await.transpose() }).await?
                {
                    found.push((it.key, it.value));
                }
                found
            }
            "vpc" => {
                let of = Filter::builder().name("resource-id").values(&entry.subject).build();
                let mut pages = self.ec2.of(region).describe_tags().filters(of).into_paginator().items().send();
                let mut found = Vec::new();
                while let Some(it) = call("ec2:DescribeTags", async { pages.next().await.transpose() }).await? {
                    found.push(pair(it.key(), it.value()));
                }
                found
            }
            _ => Vec::new(),
        })
    }

    /// Returns the ARN of the region's recorder.
    async fn recorder(&self, region: &Region) -> Result<String, CallError> {
        let ask = self.config.of(region).describe_configuration_recorders();
        let all = call("config:DescribeConfigurationRecorders", Box::pin(ask.send())).await?;
        let arn = all.configuration_recorders().iter().find_map(|it| it.arn());
        let none = || no_call("config:TagResource", "there is no recorder that could be tagged");
        arn.map(str::to_owned).ok_or_else(none)
    }

    /// Tags the resource of a change. Its other tags stay.
    ///
    /// # Errors
    /// Returns an error if a call fails, or if the resource has no tags.
    pub async fn tag(&self, entry: &LedgerEntry, tags: &[Pair]) -> Result<(), CallError> {
        let region = &entry.region;
        match entry.family.as_str() {
            "bucket" => {
                let mut all = self.tags(entry).await?;
                all.retain(|(key, _)| tags.iter().all(|(new, _)| new != key));
                all.extend(tags.iter().cloned());
                let tags = all.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build().ok());
                let set = Tagging::builder().set_tag_set(tags.collect()).build();
                let set = set.map_err(|_| unclear("s3:PutBucketTagging"))?;
                let Seen::Present(at) = self.at(&entry.subject).await? else {
                    return Err(no_call("s3:PutBucketTagging", "the bucket is gone, or is another account's"));
                };
                let put = at.client.put_bucket_tagging().bucket(&entry.subject).expected_bucket_owner(at.account);
                write_call("s3:PutBucketTagging", put.tagging(set).send()).await.map(|_| ())
            }
            "key" => {
                let tag =
                    |(key, value): &Pair| aws_sdk_kms::types::Tag::builder().tag_key(key).tag_value(value).build().ok();
                let set = self.kms.of(region).tag_resource().key_id(&entry.subject);
                let set = set.set_tags(tags.iter().map(tag).collect());
                write_call("kms:TagResource", set.send()).await.map(|_| ())
            }
            "recorder" => {
                let arn = self.recorder(region).await?;
                let tag = |(key, value): &Pair| aws_sdk_config::types::Tag::builder().key(key).value(value).build();
                let set = self.config.of(region).tag_resource().resource_arn(arn);
                let set = set.set_tags(Some(tags.iter().map(tag).collect()));
                write_call("config:TagResource", set.send()).await.map(|_| ())
            }
            "trail" => {
                let tag =
                    |(key, value): &Pair| aws_sdk_cloudtrail::types::Tag::builder().key(key).value(value).build().ok();
                let set = self.cloudtrail.of(region).add_tags().resource_id(&entry.resource);
                let set = set.set_tags_list(tags.iter().map(tag).collect());
                write_call("cloudtrail:AddTags", set.send()).await.map(|_| ())
            }
            "transfer" => {
                let tag =
                    |(key, value): &Pair| aws_sdk_transfer::types::Tag::builder().key(key).value(value).build().ok();
                let set = self.servers.of(region).tag_resource().arn(&entry.resource);
                let set = set.set_tags(tags.iter().map(tag).collect());
                write_call("transfer:TagResource", set.send()).await.map(|_| ())
            }
            "vpc" => {
                let tag = |(key, value): &Pair| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build();
                let set = self.ec2.of(region).create_tags().resources(&entry.subject);
                let set = set.set_tags(Some(tags.iter().map(tag).collect()));
                write_call("ec2:CreateTags", set.send()).await.map(|_| ())
            }
            _ => Err(no_call("", "this resource has no tags: it is exempted by the setting alone")),
        }
    }
}
