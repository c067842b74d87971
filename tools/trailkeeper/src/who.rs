//! Who made a change, in words.

use trailkeeper::model::OneLine;

/// Returns who made a change: a person through one of this command's own commands, or a function after a call.
pub(crate) fn by(family: &str, cause: &str, actor: Option<&str>) -> OneLine {
    let of = actor.map(|actor| format!(" of {actor}")).unwrap_or_default();
    if cause.starts_with("trailkeeper ") {
        return format!("{} through {cause}", actor.unwrap_or("somebody")).into();
    }
    format!("{family} after {cause}{of}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_and_so_is_the_function_after_whose_call() {
        let ann = "arn:aws:iam::111122223333:user/ann";
        assert_eq!(&*by("trail", "trailkeeper fix", Some(ann)), format!("{ann} through trailkeeper fix"));
        assert_eq!(&*by("trail", "trailkeeper undo", None), "somebody through trailkeeper undo");
        assert_eq!(&*by("trail", "StopLogging", Some(ann)), format!("trail after StopLogging of {ann}"));
        assert_eq!(&*by("trail", "sweep", None), "trail after sweep");
    }
}
