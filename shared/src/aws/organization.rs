//! Accounts of the organization, as seen by its management account or a delegated administrator.

use super::{Aws, call};
use crate::model::CallError;
use aws_sdk_organizations::types::{Account, AccountState, AccountStatus};

impl Aws {
    /// Returns the active accounts: a suspended one cannot be accessed.
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

/// Returns whether an account is active. `Status` is deprecated, and `State` replaces it (API reference, Account).
fn is_active(account: &Account) -> bool {
    let words = [account.state().map(AccountState::as_str), account.status().map(AccountStatus::as_str)];
    words.into_iter().flatten().next() == Some("ACTIVE")
}
