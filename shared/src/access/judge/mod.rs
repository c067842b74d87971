//! What is not normal about a request, by the settings. Pure.
//!
//! That the services which deliver logs write and look is normal, and so is reading by the readers that are set. All
//! else that touches a log bucket is told. Readers are exempt from nothing but that: a reader's credentials that are
//! used from elsewhere, over plain HTTP, or for something else, are told.

pub mod kind;

use super::read::line::Line;
use super::read::operation::Class;
use super::read::who::Requester;
use crate::documents::principals::Principals;
use crate::settings::watching::Watching;
use ipnet::IpNet;
use kind::{FindingKind, Kinds};
use std::collections::HashMap;
use std::net::IpAddr;

/// What the judge says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestVerdict {
    /// What it did.
    pub class: Class,
    /// What is not normal about it. Of a refused request, [`FindingKind::DeniedBurst`] says that it may be one of a burst.
    pub kinds: Kinds,
    /// Whether S3 refused it, or failed.
    pub refused: bool,
}

/// What a requester may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privilege {
    Anonymous,
    Deliverer,
    Own,
    Somebody { reads: bool, keeps: bool, writes: bool, is_foreign: bool },
}

/// How many requesters are remembered. Sessions come and go; when there are more, all are looked at anew.
const REMEMBERED: usize = 4096;

/// Judges requests, one by one.
#[derive(Debug)]
pub struct Judge<'w> {
    watching: &'w Watching,
    standings: HashMap<Box<[u8]>, Privilege>,
}

impl<'w> Judge<'w> {
    /// A judge by these settings.
    #[must_use]
    pub fn new(watching: &'w Watching) -> Self {
        Self { watching, standings: HashMap::new() }
    }

    /// Says what is not normal about a request; `None` where its bucket is not watched.
    #[must_use]
    pub fn judge(&mut self, line: &Line<'_>) -> Option<RequestVerdict> {
        let Watching { buckets, networks, .. } = self.watching;
        let is_watched = |bucket| std::str::from_utf8(bucket).is_ok_and(|bucket| buckets.contains(bucket));
        if !buckets.is_empty() && !line.bucket.is_some_and(is_watched) {
            return None;
        }
        let class = Class::of(line.operation.unwrap_or_default());
        let standing = self.standing(line.requester);
        let (reads, keeps, writes) = match standing {
            Privilege::Somebody { reads, keeps, writes, .. } => (reads, keeps, writes),
            Privilege::Own => (false, true, false),
            Privilege::Anonymous | Privilege::Deliverer => (false, false, false),
        };
        let refused = line.reply.status.is_some_and(|status| status >= 400) || is_sent_elsewhere(line);
        let denied = line.reply.status == Some(403) || line.reply.error == Some(b"AccessDenied");
        let mut kinds = Kinds::default();
        kinds.add(FindingKind::DeniedBurst, denied);
        kinds.add(FindingKind::Delete, class == Class::Delete);
        kinds.add(FindingKind::Change, class == Class::Change && !keeps);
        kinds.add(FindingKind::Unknown, class == Class::Unknown);
        // Whoever delivers logs has no need to read them: a role that is named like a service's would.
        kinds.add(FindingKind::Read, class == Class::Read && !reads);
        if standing != Privilege::Deliverer && class != Class::Lifecycle {
            kinds.add(FindingKind::Read, class == Class::List && !reads);
            kinds.add(FindingKind::Write, class == Class::Write && !writes);
            // Where a signature did not hold, S3 knows nobody either.
            let is_signed = refused && line.trailing_fields.authentication.is_some();
            kinds.add(FindingKind::Anonymous, standing == Privilege::Anonymous && !is_signed);
            kinds.add(FindingKind::PlainHttp, is_plain(line));
            kinds.add(FindingKind::OldTls, line.trailing_fields.tls.is_some_and(is_old));
            let may_be_anywhere = match standing {
                Privilege::Own => true,
                // Services look how buckets are set up all day, from AWS's addresses. CloudTrail records that, too.
                Privilege::Somebody { is_foreign, .. } => class == Class::Inspect && !is_foreign,
                Privilege::Anonymous | Privilege::Deliverer => false,
            };
            let is_elsewhere = line.remote_ip.is_some_and(|ip| is_outside(networks, ip));
            kinds.add(FindingKind::OutsideNetworks, !may_be_anywhere && is_elsewhere);
        }
        Some(RequestVerdict { class, kinds, refused })
    }

    fn standing(&mut self, requester: Option<&[u8]>) -> Privilege {
        let bytes = requester.unwrap_or_default();
        if let Some(standing) = self.standings.get(bytes) {
            return *standing;
        }
        let standing = self.look_up(requester);
        if self.standings.len() >= REMEMBERED {
            self.standings.clear();
        }
        self.standings.insert(bytes.into(), standing);
        standing
    }

    fn look_up(&self, requester: Option<&[u8]>) -> Privilege {
        let text = requester.map(String::from_utf8_lossy);
        let who = Requester::of(text.as_deref());
        let text = text.as_deref().unwrap_or_default();
        let one_of = |list: &[Principals]| list.iter().any(|principals| principals.include(&who, text));
        let Watching { account, readers, keepers, writers, deliverers, own, .. } = self.watching;
        match who {
            Requester::Anonymous => Privilege::Anonymous,
            _ if one_of(deliverers) => Privilege::Deliverer,
            _ if one_of(own) => Privilege::Own,
            _ => Privilege::Somebody {
                reads: one_of(readers),
                keeps: one_of(keepers),
                writes: one_of(writers),
                is_foreign: who.account().is_some_and(|theirs| theirs != account),
            },
        }
    }
}

/// S3 answers whoever asks at the wrong endpoint where the right one is, and does nothing else.
fn is_sent_elsewhere(line: &Line<'_>) -> bool {
    matches!(line.reply.status, Some(301 | 307)) && line.reply.error.is_some()
}

/// A request of HTTP's without a cipher. Old lines do not tell the cipher; what S3 and other services do inside of AWS
/// has no address or no request.
fn is_plain(line: &Line<'_>) -> bool {
    let tells_cipher = line.trailing_fields.known >= 4;
    let is_request = line.uri.is_some() && line.remote_ip.is_some();
    tells_cipher && is_request && line.trailing_fields.cipher.is_none() && line.trailing_fields.tls.is_none()
}

fn is_old(tls: &[u8]) -> bool {
    let old: [&[u8]; 3] = [b"TLSv1", b"TLSv1.0", b"TLSv1.1"];
    old.iter().any(|version| version.eq_ignore_ascii_case(tls)) || tls.to_ascii_uppercase().starts_with(b"SSL")
}

/// What is no address is nowhere, and so outside.
fn is_outside(networks: &[IpNet], ip: &[u8]) -> bool {
    let address = std::str::from_utf8(ip).ok().and_then(|text| text.parse::<IpAddr>().ok());
    let inside = |address: IpAddr| networks.iter().any(|network| network.contains(&address.to_canonical()));
    !networks.is_empty() && !address.is_some_and(inside)
}

#[cfg(test)]
mod tests {
    use super::super::tests::cases::{Case, READER};
    use super::*;

    #[test]
    fn many_requesters_are_judged_alike_in_constant_memory() {
        let watching =
            Watching { readers: vec![Principals("arn:aws:iam::*:role/SiemReader".into())], ..Watching::default() };
        let mut judge = Judge::new(&watching);
        for number in 0..REMEMBERED + 10 {
            let text = Case::by(&format!("{READER}{number}"), "REST.GET.OBJECT").line();
            let line = Line::parse(text.as_bytes()).expect("a line");
            assert!(judge.judge(&line).is_some_and(|verdict| verdict.kinds.is_empty()));
        }
        assert!(judge.standings.len() <= REMEMBERED);
    }
}
