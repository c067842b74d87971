//! Judges what is unusual about a request, according to the settings. Pure.
//!
//! Log delivery services may write and inspect, and configured readers may read. Everything else that touches a log
//! bucket is reported. Readers are exempt from nothing else: their credentials are reported when they are used from
//! outside the configured networks, over plain HTTP, or for anything but reading.

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

/// Verdict on one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestVerdict {
    /// Class of the request: what it did.
    pub class: Class,
    /// Kinds of findings. For a refused request, [`FindingKind::DeniedBurst`] means that it may be part of a burst.
    pub kinds: Kinds,
    /// Whether S3 refused the request or failed to carry it out.
    pub refused: bool,
}

/// Privileges of a requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privilege {
    Anonymous,
    Deliverer,
    Own,
    Somebody { reads: bool, keeps: bool, writes: bool, is_foreign: bool },
}

/// Maximum number of requesters remembered. Sessions come and go; beyond this number, all are evaluated anew.
const REMEMBERED: usize = 4096;

/// Judges requests one at a time.
#[derive(Debug)]
pub struct Judge<'w> {
    watching: &'w Watching,
    privileges: HashMap<Box<[u8]>, Privilege>,
}

impl<'w> Judge<'w> {
    /// Creates a judge for these settings.
    #[must_use]
    pub fn new(watching: &'w Watching) -> Self {
        Self { watching, privileges: HashMap::new() }
    }

    /// Returns whether a request was made to a bucket of another account. Unknown owners and buckets that are set as
    /// watched are not foreign.
    #[must_use]
    pub fn is_foreign(&self, line: &Line<'_>) -> bool {
        let Watching { owner, buckets, .. } = self.watching;
        let ours = |owner: &String| line.owner.is_none_or(|theirs| theirs == owner.as_bytes());
        buckets.is_empty() && !owner.as_ref().is_none_or(ours)
    }

    /// Judges a request. Returns `None` if its bucket is not watched.
    #[must_use]
    pub fn judge(&mut self, line: &Line<'_>) -> Option<RequestVerdict> {
        let Watching { buckets, networks, .. } = self.watching;
        let is_watched = |bucket| std::str::from_utf8(bucket).is_ok_and(|bucket| buckets.contains(bucket));
        if !buckets.is_empty() && !line.bucket.is_some_and(is_watched) {
            return None;
        }
        let class = Class::of(line.operation.unwrap_or_default());
        let privilege = self.privilege(line.requester);
        let (reads, keeps, writes) = match privilege {
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
        // A service that delivers logs has no need to read them; a role that poses as one might.
        kinds.add(FindingKind::Read, class == Class::Read && !reads);
        if privilege != Privilege::Deliverer && class != Class::Lifecycle {
            kinds.add(FindingKind::Read, class == Class::List && !reads);
            kinds.add(FindingKind::Write, class == Class::Write && !writes);
            // S3 names no requester either when a signature is invalid.
            let is_signed = refused && line.trailing_fields.authentication.is_some();
            kinds.add(FindingKind::Anonymous, privilege == Privilege::Anonymous && !is_signed);
            kinds.add(FindingKind::PlainHttp, is_plain(line));
            kinds.add(FindingKind::OldTls, line.trailing_fields.tls.is_some_and(is_old));
            let may_be_anywhere = match privilege {
                Privilege::Own => true,
                // Services inspect buckets all day, from addresses of AWS. CloudTrail records that, too.
                Privilege::Somebody { is_foreign, .. } => class == Class::Inspect && !is_foreign,
                Privilege::Anonymous | Privilege::Deliverer => false,
            };
            let is_elsewhere = line.remote_ip.is_some_and(|ip| is_outside(networks, ip));
            kinds.add(FindingKind::OutsideNetworks, !may_be_anywhere && is_elsewhere);
        }
        Some(RequestVerdict { class, kinds, refused })
    }

    fn privilege(&mut self, requester: Option<&[u8]>) -> Privilege {
        let bytes = requester.unwrap_or_default();
        if let Some(privilege) = self.privileges.get(bytes) {
            return *privilege;
        }
        let privilege = self.look_up(requester);
        if self.privileges.len() >= REMEMBERED {
            self.privileges.clear();
        }
        self.privileges.insert(bytes.into(), privilege);
        privilege
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

/// Returns whether S3 only redirected the request to the right endpoint and did nothing else.
fn is_sent_elsewhere(line: &Line<'_>) -> bool {
    matches!(line.reply.status, Some(301 | 307)) && line.reply.error.is_some()
}

/// Returns whether a request came over HTTP without encryption. Old lines do not record the cipher, and what S3 and
/// other services do within AWS has no address or no request URI.
fn is_plain(line: &Line<'_>) -> bool {
    let tells_cipher = line.trailing_fields.known >= 4;
    let is_request = line.uri.is_some() && line.remote_ip.is_some();
    tells_cipher && is_request && line.trailing_fields.cipher.is_none() && line.trailing_fields.tls.is_none()
}

fn is_old(tls: &[u8]) -> bool {
    let old: [&[u8]; 3] = [b"TLSv1", b"TLSv1.0", b"TLSv1.1"];
    old.iter().any(|version| version.eq_ignore_ascii_case(tls)) || tls.to_ascii_uppercase().starts_with(b"SSL")
}

/// Returns whether an address is outside all networks. A value that is not an address is outside.
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
        assert!(judge.privileges.len() <= REMEMBERED);
    }
}
