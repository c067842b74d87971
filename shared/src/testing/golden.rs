//! Files of the repository that are made from code, held equal to it.

use std::path::Path;

/// Fails where the file differs from what the code makes. With `UPDATE=1` in the environment it is written instead.
pub(crate) fn check(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, made).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{file} is not what the code makes; run the test with UPDATE=1 and look at the difference");
}
