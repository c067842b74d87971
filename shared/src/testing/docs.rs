//! Generates `docs/controls.md` from the registry.

use crate::event::Lane;
use crate::families::{FamilyInfo, families};
use crate::frameworks::{Framework, cis, requirements};
use crate::model::{About, Permanent};
use std::fmt::Write as _;

const HEAD: &str = "# Controls

What Trailkeeper enforces, one section per control. A control's mode is `TRAILKEEPER_MODE`, unless
`TRAILKEEPER_CONTROLS` names it: `id=off`, `id=dry-run` or `id=enforce`. Those that are off at first stay so until they are
named.

Terraform or CloudFormation that does not know of a fix takes it back with its next run. What to write into their code
stands with each control; words in capitals stand for what is yours.

What frameworks ask for stands with each control, too, by the ids that they use. A control answers its part of such a
requirement, which may ask for more.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    contents(&mut page);
    for family in families() {
        write!(
            page,
            "\n## Family `{}`\n\nTriggered by a schedule, which checks every resource in every configured \
                      region, and by:\n\n",
            family.name
        )
        .expect("text");
        wakes(&mut page, &family);
        family.controls.iter().for_each(|about| control(&mut page, about, family.controls[0]));
    }
    page
}

/// Writes the list of all controls, with links to their sections.
fn contents(page: &mut String) {
    page.push_str("\n| function | control | severity | at first |\n| --- | --- | --- | --- |\n");
    for family in families() {
        for About { id, severity, opt_in, .. } in &family.controls {
            let (name, at_first) = (family.name, if *opt_in { "off" } else { "on" });
            writeln!(page, "| `{name}` | [`{id}`](#{id}) | {} | {at_first} |", severity.as_str()).expect("text");
        }
    }
}

fn wakes(page: &mut String, family: &FamilyInfo) {
    for watch in family.watches {
        let calls: Vec<String> = watch.calls.iter().map(|call| format!("`{call}`")).collect();
        writeln!(page, "- {}: {}", watch.service, calls.join(", ")).expect("text");
    }
}

/// Writes a control. What it shares with the first control of its family is written only there.
fn control(page: &mut String, about: &About, first: &About) {
    let About { id, wrong: _, title, why, compliant, fix, risk, guard, permanent, severity, opt_in, references } =
        about;
    let texts = |about: &About| [about.compliant, about.fix, about.risk, about.guard];
    let parts = if *id != first.id && texts(about) == texts(first) {
        format!("- Compliant, fix, what it may break or cost, and guard: as for `{}`.", first.id)
    } else {
        format!("- **Compliant:** {compliant}\n- **Fix:** {fix}\n- **May break or cost:** {risk}\n- **Guard:** {guard}")
    };
    write!(
        page,
        "\n### `{id}`\n\n**{title}.** Severity: {}.{}\n\n{why}\n\n{parts}\n- **Frameworks:** {}\n- **References:**\n",
        severity.as_str(),
        if *opt_in { " Off unless `TRAILKEEPER_CONTROLS` turns it on." } else { "" },
        usual(id),
    )
    .expect("text");
    references.iter().for_each(|reference| writeln!(page, "  - {reference}").expect("text"));
    others(page, id);
    if let Some(Permanent { terraform, cloudformation }) =
        permanent.filter(|_| *id == first.id || texts(about) != texts(first))
    {
        write!(
            page,
            "\n<details><summary>In your own code</summary>\n\nWith Terraform:\n\n```hcl\n{terraform}```\n\nWith \
             CloudFormation:\n\n```yaml\n{cloudformation}```\n\n</details>\n"
        )
        .expect("text");
    }
}

/// Returns what the usual frameworks ask for: the CIS benchmark and Security Hub.
fn usual(id: &str) -> String {
    let hub = Framework::SecurityHub.asks(id);
    let hub = (!hub.is_empty()).then(|| format!("{} {}", Framework::SecurityHub.name(), hub.join(", ")));
    let usual: Vec<String> = cis(id).into_iter().chain(hub).collect();
    if usual.is_empty() { "none that Trailkeeper knows asks for it".to_owned() } else { usual.join(". ") }
}

/// Writes what the other frameworks ask for.
fn others(page: &mut String, id: &str) {
    let is_usual = |it: Framework| it == Framework::SecurityHub || it.id().starts_with("cis-");
    let mut others = requirements(id).iter().filter(|it| !is_usual(it.framework)).peekable();
    if others.peek().is_none() {
        return;
    }
    page.push_str("\n<details><summary>In other frameworks</summary>\n\n| framework | requirements |\n| --- | --- |\n");
    others.for_each(|it| writeln!(page, "| {} | {} |", it.framework.name(), it.ids.join(", ")).expect("text"));
    page.push_str("\n</details>\n");
}

#[test]
fn the_page_of_controls_is_the_one_of_the_registry() {
    crate::testing::golden::check("docs/controls.md", &page());
}

#[test]
fn every_control_is_told_in_full_and_has_an_id_of_its_own() {
    let mut ids = std::collections::BTreeSet::new();
    for about in families().iter().flat_map(|family| &family.controls) {
        let About { id, wrong, title, why, compliant, fix, risk, guard, permanent, references, .. } = about;
        assert!(ids.insert(id), "{id} is there twice");
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
        for text in [title, why, compliant, fix, risk, guard] {
            assert!(text.len() > 30 && !text.contains("  "), "{id}: {text}");
        }
        assert!(!references.is_empty(), "{id}");
        assert!((8..=30).contains(&wrong.len()) && wrong.is_ascii(), "{id}: {wrong}");
        assert_eq!(
            permanent.is_none(),
            fix.starts_with("None: "),
            "{id}: whatever is fixed can be undone by other code"
        );
    }
}

/// Compares the calls that the guard watches with the file that tests in other languages read.
#[test]
fn the_calls_of_the_guard_are_told_to_other_languages() {
    let told = |calls: &[crate::guard::Calls]| {
        let of = calls.iter().map(|it| {
            let source = format!("aws.{}", it.service.split('.').next().expect("a label"));
            serde_json::json!({ "rule": it.rule, "service": it.service, "source": source, "calls": it.calls })
        });
        of.collect::<Vec<_>>()
    };
    let all = serde_json::json!({
        "region": told(crate::guard::watch::IN_REGION), "bus": told(crate::guard::watch::ON_THE_BUS)
    });
    let written = serde_json::to_string_pretty(&all).expect("JSON") + "\n";
    crate::testing::golden::check("tests/golden/guard.json", &written);
}

/// Compares the watched calls and controls with the file that tests in other languages read.
#[test]
fn the_registry_is_told_to_other_languages() {
    let families: Vec<_> = families()
        .iter()
        .map(|family| {
            let watches = family.watches.iter().map(|watch| {
                let source = format!("aws.{}", watch.service.split('.').next().expect("a label"));
                serde_json::json!({
                    "service": watch.service, "source": source, "calls": watch.calls,
                    "urgent": watch.calls_by(Lane::Urgent), "many": watch.calls_by(Lane::Many),
                    "by_name": watch.calls_by_name(),
                })
            });
            let controls: Vec<_> = family.controls.iter().map(|about| about.id).collect();
            serde_json::json!({ "family": family.name, "controls": controls, "watches": watches.collect::<Vec<_>>() })
        })
        .collect();
    crate::testing::golden::check(
        "tests/golden/registry.json",
        &(serde_json::to_string_pretty(&families).expect("JSON") + "\n"),
    );
}
