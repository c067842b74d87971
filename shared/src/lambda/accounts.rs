//! Accounts in which events are handled: home, or the account of the organization that an event concerns.

use crate::aws::Aws;
use crate::model::{CallError, is_account};
use crate::reconcile::ports::Account;
use crate::settings::Settings;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Maximum number of accounts kept for later events: each has its own clients.
const AT_HAND: usize = 8;

/// Clients for one account.
pub(crate) struct AccountClients<C> {
    pub(crate) aws: Aws,
    pub(crate) io: C,
}

/// Clients for the home account, and for the other accounts used most recently.
pub(crate) struct Accounts<C> {
    pub(crate) home: Rc<AccountClients<C>>,
    family: &'static str,
    connect: fn(&Aws, &Settings) -> C,
    settings: Rc<Settings>,
    others: RefCell<VecDeque<(String, Rc<AccountClients<C>>)>>,
}

impl<C> Accounts<C> {
    pub(crate) fn new(
        family: &'static str,
        connect: fn(&Aws, &Settings) -> C,
        home: Aws,
        settings: Rc<Settings>,
    ) -> Self {
        let home = Rc::new(AccountClients { io: connect(&home, &settings), aws: home });
        Self { home, family, connect, settings, others: RefCell::default() }
    }

    /// Returns the clients for an event about `account`, sent by `sender`. An event from outside the organization is
    /// handled at home, where it is ignored.
    ///
    /// # Errors
    /// Returns an error if the account denies access.
    pub(crate) async fn of(&self, account: &str, sender: &str) -> Result<Rc<AccountClients<C>>, CallError> {
        let Some(organization) = &self.settings.organization else { return Ok(Rc::clone(&self.home)) };
        let us = self.home.aws.identity().await?;
        // An event about a third account, sent by somebody else, leads nowhere.
        let forged = account != sender && sender != us.account;
        if account == us.account || forged || !is_account(account) {
            return Ok(Rc::clone(&self.home));
        }
        let known = self.others.borrow().iter().find(|(id, _)| id == account).map(|(_, clients)| Rc::clone(clients));
        if let Some(clients) = known {
            return Ok(clients);
        }
        let aws = Box::pin(self.home.aws.enter(organization, &us.partition, account, self.family)).await?;
        let clients = Rc::new(AccountClients { io: (self.connect)(&aws, &self.settings), aws });
        let mut others = self.others.borrow_mut();
        others.push_front((account.to_owned(), Rc::clone(&clients)));
        others.truncate(AT_HAND);
        Ok(clients)
    }
}
