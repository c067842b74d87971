//! Where an event is worked on: at home, or in the account of the organization that it is about.

use crate::aws::Aws;
use crate::error::CallError;
use crate::event::Event;
use crate::handle::Account;
use crate::run::Connected;
use crate::settings::Settings;
use crate::sweep::is_account;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many accounts are kept at hand for later events: each has its own clients.
const AT_HAND: usize = 8;

/// The clients for one account.
pub(crate) struct Desk<F: Connected> {
    pub(crate) aws: Aws,
    pub(crate) io: F::Io,
}

impl<F: Connected> Desk<F> {
    pub(crate) fn new(aws: Aws, settings: &Settings) -> Rc<Self> {
        Rc::new(Self { io: F::connect(&aws, settings), aws })
    }
}

/// The desk at home, and those in other accounts that were needed last.
pub(crate) struct Desks<'a, F: Connected> {
    pub(crate) home: Rc<Desk<F>>,
    settings: &'a Settings,
    others: RefCell<VecDeque<(String, Rc<Desk<F>>)>>,
}

impl<'a, F: Connected> Desks<'a, F> {
    pub(crate) fn new(home: Rc<Desk<F>>, settings: &'a Settings) -> Self {
        Self { home, settings, others: RefCell::default() }
    }

    /// The desk for an event. What is none of the organization's is dealt with at home, where it is ignored.
    ///
    /// # Errors
    /// The account lets us not in.
    pub(crate) async fn of(&self, event: &Event) -> Result<Rc<Desk<F>>, CallError> {
        let Some(organization) = &self.settings.organization else { return Ok(Rc::clone(&self.home)) };
        let (us, account) = (self.home.aws.identity().await?, event.account());
        // A sweep that somebody else sends leads nowhere.
        let forged = event.account() != event.sender && event.sender != us.account;
        if account == us.account || forged || !is_account(account) {
            return Ok(Rc::clone(&self.home));
        }
        let known = self.others.borrow().iter().find(|(id, _)| id == account).map(|(_, desk)| Rc::clone(desk));
        if let Some(desk) = known {
            return Ok(desk);
        }
        let aws = Box::pin(self.home.aws.enter(organization, &us.partition, account, F::NAME)).await?;
        let desk = Desk::new(aws, self.settings);
        let mut others = self.others.borrow_mut();
        others.push_front((account.to_owned(), Rc::clone(&desk)));
        others.truncate(AT_HAND);
        Ok(desk)
    }
}
