//! Finds the real files that tests use in place. They are not part of the repository.

use std::path::PathBuf;

/// `shared/data/<relative>` beside the checkout, or `None` with a printed line where it is absent.
///
/// # Panics
/// When the file is absent and the environment says `QIKE_REQUIRE_DATA=1`, as CI does: there a skip is a failure.
pub fn path(relative: &str) -> Option<PathBuf> {
    let checkout = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = std::env::var_os("QIKE_DATA").map_or_else(|| checkout.join("../shared/data"), PathBuf::from);
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var("QIKE_REQUIRE_DATA").is_ok_and(|v| v == "1");
    assert!(!required, "QIKE_REQUIRE_DATA=1, and {} is missing", path.display());
    eprintln!("skipped: {} is not there", path.display());
    None
}
