//! Settings for an organization: its accounts, and how to access each.

use super::{Bus, SettingsError, table};

/// Organization whose accounts are monitored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Id of the organization, `o-...`.
    pub id: String,
    /// External id that a member's role requires, which prevents confused-deputy access.
    pub external_id: String,
}

impl Organization {
    /// Name of the role in a member account.
    pub const ROLE: &'static str = "TrailkeeperRole";
    /// Session tag with the family that the role is assumed for, which limits the session to that family's permissions.
    pub const TAG: &'static str = "trailkeeper-family";
    /// Name of the variable for the organization.
    pub const SETTING: &'static str = table::ORGANIZATION.name;
    /// Name of the variable for the external id.
    pub const EXTERNAL_ID: &'static str = table::EXTERNAL_ID.name;

    /// Parses the settings. The external id defaults to the id of the organization.
    ///
    /// # Errors
    /// Returns an error if one of them is not valid for AWS ([AssumeRole], `ExternalId`; [Organizations], `Id`).
    ///
    /// [AssumeRole]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    /// [Organizations]: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
    pub fn setting(
        id: Option<String>,
        external_id: Option<String>,
        bus: Option<&Bus>,
    ) -> Result<Option<Self>, SettingsError> {
        let Some(id) = id else {
            return match external_id {
                Some(value) => Err(wrong(Self::EXTERNAL_ID, "works only with TRAILKEEPER_ORGANIZATION", value)),
                None => Ok(None),
            };
        };
        let is_id = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !id.strip_prefix("o-").is_some_and(|rest| (10..=32).contains(&rest.len()) && is_id(rest)) {
            return Err(wrong(Self::SETTING, "must be the id of an organization, such as o-a1b2c3d4e5", id));
        }
        if bus.is_none() {
            return Err(wrong(Self::SETTING, "works only with TRAILKEEPER_BUS", id));
        }
        let external_id = external_id.unwrap_or_else(|| id.clone());
        let taken = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@:/_-".contains(&b);
        if !(2..=1_224).contains(&external_id.len()) || !external_id.bytes().all(taken) {
            return Err(wrong(Self::EXTERNAL_ID, "must be 2 to 1224 letters, digits and +=,.@:/_-", external_id));
        }
        Ok(Some(Self { id, external_id }))
    }
}

fn wrong(name: &'static str, problem: &str, value: String) -> SettingsError {
    SettingsError { name, problem: problem.to_owned(), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(id: &str, external_id: &str) -> Result<Option<Organization>, SettingsError> {
        let given = |text: &str| Some(text.to_owned()).filter(|it| !it.is_empty());
        let bus = Bus::setting(Some("arn:aws:events:us-east-1:111122223333:event-bus/keeper".to_owned()));
        Organization::setting(given(id), given(external_id), bus.expect("a bus").as_ref())
    }

    #[test]
    fn an_organization_has_an_id_and_an_external_id() {
        let external_id = |id, external_id| setting(id, external_id).expect("settings").map(|it| it.external_id);
        assert_eq!(external_id("o-a1b2c3d4e5", "").as_deref(), Some("o-a1b2c3d4e5"));
        assert_eq!(external_id("o-a1b2c3d4e5", "keep:er").as_deref(), Some("keep:er"));
        assert_eq!(external_id("", ""), None);
        for (id, external_id, name) in [
            ("a1b2c3d4e5", "", "TRAILKEEPER_ORGANIZATION"),
            ("o-short", "", "TRAILKEEPER_ORGANIZATION"),
            ("o-A1B2C3D4E5", "", "TRAILKEEPER_ORGANIZATION"),
            ("o-a1b2c3d4e5", "x", "TRAILKEEPER_EXTERNAL_ID"),
            ("o-a1b2c3d4e5", "a b", "TRAILKEEPER_EXTERNAL_ID"),
            ("", "keeper", "TRAILKEEPER_EXTERNAL_ID"),
        ] {
            let error = setting(id, external_id).expect_err(name);
            assert!(error.to_string().starts_with(name), "{error}");
        }
        assert!(Organization::setting(Some("o-a1b2c3d4e5".to_owned()), None, None).is_err(), "nowhere to hand on to");
    }
}
