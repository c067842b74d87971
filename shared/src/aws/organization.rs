//! The accounts of the organization, as its management account or a delegated administrator sees them.

use super::{Aws, call};
use crate::model::CallError;
use aws_sdk_organizations::types::{Account, AccountState, AccountStatus};

impl Aws {
    /// The accounts that are in use: a suspended one lets nobody in.
    pub(super) async fn members(&self) -> Result<Vec<String>, CallError> {
        let organizations = aws_sdk_organizations::Client::new(self.config());
        let mut pages = organizations.list_accounts().into_paginator().send();
        let mut accounts = Vec::new();
        while let Some(page) = call("organizations:ListAccounts", async { pages.next().await.transpose() }).await? {
            accounts.extend(page.accounts.unwrap_or_default().into_iter().filter(is_active).filter_map(|it| it.id));
        }
        Ok(accounts)
    }
}

/// `Status` is on its way out, and `State` comes in its place (API reference, Account).
fn is_active(account: &Account) -> bool {
    let words = [account.state().map(AccountState::as_str), account.status().map(AccountStatus::as_str)];
    words.into_iter().flatten().next() == Some("ACTIVE")
}
