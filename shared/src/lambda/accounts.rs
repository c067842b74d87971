//! Where an event is worked on: at home, or in the account of the organization that it is about.

use crate::aws::Aws;
use crate::model::{CallError, is_account};
use crate::reconcile::ports::Account;
use crate::settings::Settings;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many accounts are kept at hand for later events: each has its own clients.
const AT_HAND: usize = 8;

/// The clients for one account.
pub(crate) struct AccountClients<C> {
    pub(crate) aws: Aws,
    pub(crate) io: C,
}

/// The desk at home, and those in other accounts that were needed last.
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

    /// The desk for an event about this account, which that one sent. What is none of the organization's is dealt with
    /// at home, where it is ignored.
    ///
    /// # Errors
    /// The account lets us not in.
    pub(crate) async fn of(&self, account: &str, sender: &str) -> Result<Rc<AccountClients<C>>, CallError> {
        let Some(organization) = &self.settings.organization else { return Ok(Rc::clone(&self.home)) };
        let us = self.home.aws.identity().await?;
        // Somebody else's event about a third account leads nowhere.
        let forged = account != sender && sender != us.account;
        if account == us.account || forged || !is_account(account) {
            return Ok(Rc::clone(&self.home));
        }
        let known = self.others.borrow().iter().find(|(id, _)| id == account).map(|(_, desk)| Rc::clone(desk));
        if let Some(desk) = known {
            return Ok(desk);
        }
        let aws = Box::pin(self.home.aws.enter(organization, &us.partition, account, self.family)).await?;
        let desk = Rc::new(AccountClients { io: (self.connect)(&aws, &self.settings), aws });
        let mut others = self.others.borrow_mut();
        others.push_front((account.to_owned(), Rc::clone(&desk)));
        others.truncate(AT_HAND);
        Ok(desk)
    }
}
