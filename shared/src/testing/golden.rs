//! Compares files of the repository that are generated from code with the code.

use std::path::Path;

/// Panics if the file differs from what the code generates. With `UPDATE=1` in the environment, writes it instead.
pub(crate) fn check(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, made).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{file} is not what the code makes; run the test with UPDATE=1 and look at the difference");
}
